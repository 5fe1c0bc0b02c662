// Text from outside, made fit for a one-line message. Thread-safe, no errors.
#pragma once

#include <string>
#include <string_view>

namespace edge {

/// 'text', with control characters escaped and cut after 60 bytes ("…"), so that a message stays one line.
std::string in_quotes(std::string_view text);

/// The same without the quotes, cut after `limit` bytes.
std::string printable(std::string_view text, std::size_t limit);

}  // namespace edge
