#include "net/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

namespace edge::net {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

constexpr std::uint32_t polynomial = 0x82F63B78;  // reflected
constexpr std::size_t slices = 8;
using Table = std::array<std::array<std::uint32_t, 256>, slices>;

/// tables[0][b]: the CRC of byte b; tables[k][b]: of byte b with k zero bytes behind it.
constexpr Table make_tables() {
  Table tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < slices; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t previous = tables[k - 1][byte];
      tables[k][byte] = (previous >> 8) ^ tables[0][previous & 0xFF];
    }
  }
  return tables;
}

constexpr Table tables = make_tables();

/// Slicing by eight (Kounavis and Berry, 2005): two words per step, eight independent look-ups.
std::uint32_t update_with_tables(const std::byte* data, std::size_t size, std::uint32_t crc) {
  for (; size >= slices; size -= slices, data += slices) {
    std::array<std::uint32_t, 2> words{};
    std::memcpy(words.data(), data, slices);
    words[0] ^= crc;
    crc = tables[7][words[0] & 0xFF] ^ tables[6][(words[0] >> 8) & 0xFF] ^
          tables[5][(words[0] >> 16) & 0xFF] ^ tables[4][words[0] >> 24] ^ tables[3][words[1] & 0xFF] ^
          tables[2][(words[1] >> 8) & 0xFF] ^ tables[1][(words[1] >> 16) & 0xFF] ^ tables[0][words[1] >> 24];
  }
  for (; size > 0; --size, ++data)
    crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<std::uint32_t>(*data)) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
bool has_instruction() {
  return __builtin_cpu_supports("sse4.2") != 0;
}

__attribute__((target("sse4.2"))) std::uint32_t update_with_instruction(const std::byte* data,
                                                                        std::size_t size, std::uint32_t crc) {
  std::uint64_t state = crc;
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, 8);
    state = _mm_crc32_u64(state, word);
  }
  crc = static_cast<std::uint32_t>(state);
  for (; size > 0; --size, ++data) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(*data));
  return crc;
}
#elif defined(__aarch64__) && defined(__linux__)
bool has_instruction() {
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

__attribute__((target("+crc"))) std::uint32_t update_with_instruction(const std::byte* data, std::size_t size,
                                                                      std::uint32_t crc) {
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, 8);
    crc = __crc32cd(crc, word);
  }
  for (; size > 0; --size, ++data) crc = __crc32cb(crc, static_cast<unsigned char>(*data));
  return crc;
}
#else
bool has_instruction() {
  return false;
}
std::uint32_t update_with_instruction(const std::byte* data, std::size_t size, std::uint32_t crc) {
  return update_with_tables(data, size, crc);
}
#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc) {
  static const bool instruction = has_instruction();
  return ~(instruction ? update_with_instruction(bytes.data(), bytes.size(), ~crc)
                       : update_with_tables(bytes.data(), bytes.size(), ~crc));
}

std::uint32_t crc32c_with_tables(std::span<const std::byte> bytes, std::uint32_t crc) {
  return ~update_with_tables(bytes.data(), bytes.size(), ~crc);
}

}  // namespace edge::net
