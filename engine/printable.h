// Text from files and peers, made fit for a line of the log. Thread-safe, no errors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace edge {

/// `text` as one line of UTF-8, at most `longest` bytes of it and then "…": control characters (escape
/// sequences, line ends), characters that turn the direction of writing, and bytes that are no UTF-8 are
/// escaped (\n, \x1b, \u202e).
std::string printable(std::string_view text, std::size_t longest = 200);

}  // namespace edge
