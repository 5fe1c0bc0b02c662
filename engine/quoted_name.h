// Names from files, made fit for a one-line message. Thread-safe, no errors.
#pragma once

#include <string>
#include <string_view>

#include "engine/printable.h"

namespace edge {

/// "name" in double quotes, printable(), cut after 80 bytes.
inline std::string quoted_name(std::string_view text) {
  constexpr std::size_t longest = 80;
  return '"' + printable(text, longest) + '"';
}

/// The same without the quotes.
inline std::string bare_name(std::string_view text) {
  const std::string quoted = quoted_name(text);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace edge
