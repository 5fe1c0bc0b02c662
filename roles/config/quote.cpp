// Text from outside, made fit for a one-line message.
#include "roles/config/quote.h"

#include <fmt/format.h>

namespace edge {

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool continuation = (byte & 0xC0U) == 0x80U;
    if (i >= limit && !continuation) {  // not in the middle of a UTF-8 sequence
      return out + "…";
    }
    if (i >= limit + 4) {  // continuation bytes without end: not UTF-8
      return out + "…";
    }
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  return "'" + printable(text, 60) + "'";
}

}  // namespace edge
