#include "engine/printable.h"

#include <cstdint>

namespace edge {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

/// The first character of `text`, which is not empty.
Character decode_character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  std::uint32_t code = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t smallest_of_3 = 0x800;
  constexpr std::uint32_t smallest_of_4 = 0x10000;
  const bool overlong = (length == 3 && code < smallest_of_3) || (length == 4 && code < smallest_of_4);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return {};
  return {code, length, true};
}

std::string hexadecimal(std::uint32_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (; digits > 0; value >>= 4U) text[--digits] = "0123456789abcdef"[value & 0xfU];
  return text;
}

bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xfeff ||  // byte order mark
         code == 0x2028 || code == 0x2029 ||                                // line and paragraph ends
         code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);  // direction of writing
}

/// `bytes`, which `character` was decoded from, as it is shown.
std::string written(std::string_view bytes, const Character& character) {
  if (!character.valid) return "\\x" + hexadecimal(static_cast<unsigned char>(bytes.front()), 2);
  if (character.code == '\n') return "\\n";
  if (character.code == '\t') return "\\t";
  if (!is_control(character.code)) return std::string(bytes);
  return character.code < 0x80 ? "\\x" + hexadecimal(character.code, 2)
                               : "\\u" + hexadecimal(character.code, 4);
}

}  // namespace

std::string printable(std::string_view text, std::size_t longest) {
  std::string result;
  std::size_t at = 0;
  while (at < text.size()) {
    const Character character = decode_character(text.substr(at));
    const std::string shown = written(text.substr(at, character.bytes), character);
    if (result.size() + shown.size() > longest) return result + "…";
    result += shown;
    at += character.bytes;
  }
  return result;
}

}  // namespace edge
