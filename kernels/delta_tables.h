// Byte permutations for compress and expand, indexed by the mask bits of eight (or four) elements. Built by
// the compiler: this header emits no code, so that the ISA files may include it.
#pragma once

#include <cstdint>

namespace edge::kernels {

/// An index with this bit set selects nothing (pshufb and vtbl give zero, vtbx keeps the old value, blendv
/// picks it).
constexpr std::uint8_t no_element = 0x80;

/// Permutations of eight elements.
struct EightElementTable {
  alignas(8) std::uint8_t index[256][8];
};

/// Row m: the positions of m's set bits, in order; behind them no_element.
consteval EightElementTable make_compress_table() {
  EightElementTable table{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    unsigned taken = 0;
    for (unsigned bit = 0; bit < 8; ++bit) table.index[mask][bit] = no_element;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((mask >> bit & 1U) != 0) table.index[mask][taken++] = static_cast<std::uint8_t>(bit);
    }
  }
  return table;
}

/// Row m: at each set bit of m, how many lower bits are set; elsewhere no_element.
consteval EightElementTable make_expand_table() {
  EightElementTable table{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    std::uint8_t taken = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      table.index[mask][bit] = (mask >> bit & 1U) != 0 ? taken++ : no_element;
    }
  }
  return table;
}

inline constexpr EightElementTable compress_table = make_compress_table();
inline constexpr EightElementTable expand_table = make_expand_table();

/// Permutations of the 16 bytes of four 32-bit words.
struct FourWordTable {
  alignas(16) std::uint8_t index[16][16];
};

consteval FourWordTable make_word_table(const EightElementTable& elements) {
  FourWordTable table{};
  for (unsigned mask = 0; mask < 16; ++mask) {
    for (unsigned byte = 0; byte < 16; ++byte) {
      const unsigned element = elements.index[mask][byte / 4];
      table.index[mask][byte] =
          element == no_element ? no_element : static_cast<std::uint8_t>(4 * element + byte % 4);
    }
  }
  return table;
}

inline constexpr FourWordTable compress_words_table = make_word_table(make_compress_table());
inline constexpr FourWordTable expand_words_table = make_word_table(make_expand_table());

struct BitCountTable {
  std::uint8_t count[256];
};

consteval BitCountTable make_bit_count_table() {
  BitCountTable table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      table.count[byte] = static_cast<std::uint8_t>(table.count[byte] + (byte >> bit & 1U));
    }
  }
  return table;
}

/// Set bits of a byte, for CPUs without a scalar instruction for it.
inline constexpr BitCountTable bit_count_table = make_bit_count_table();

}  // namespace edge::kernels
