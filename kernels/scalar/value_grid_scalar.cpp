// Kernels for values on grids, the readable truth that the other ISAs are tested against. Pure functions,
// thread-safe.
#include <algorithm>
#include <bit>

#include "kernels/value_grid_kernels.h"

namespace edge::kernels {
namespace {

constexpr std::uint32_t sign_bit = 0x80000000;
constexpr std::uint32_t infinity = 0x7F800000;

std::uint32_t bits_of(float value) {
  return std::bit_cast<std::uint32_t>(value);
}
float float_of(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}

MagnitudeCounts count_magnitudes(const float* values, std::size_t count, std::uint32_t low,
                                 std::uint32_t high) {
  MagnitudeCounts counts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t magnitude = bits_of(values[i]) & ~sign_bit;
    counts.low += magnitude >= low && magnitude < infinity ? 1 : 0;
    counts.high += magnitude >= high && magnitude < infinity ? 1 : 0;
    counts.negative = counts.negative || bits_of(values[i]) > sign_bit;
  }
  return counts;
}

/// Adding 2^23 to a smaller number leaves no bits below 1: the addition rounds, to even in a tie.
std::uint32_t rounded_bits(std::uint32_t value, const GridNumbers& grid) {
  constexpr float magic = 8388608.0F;
  const std::uint32_t magnitude = value & ~sign_bit;
  if (magnitude >= grid.limit) return value;
  const float steps = (float_of(magnitude) * grid.inverse + magic) - magic;
  const std::uint32_t rounded = bits_of(steps * grid.step);
  return rounded == 0 ? 0 : rounded | (value & sign_bit);
}

GridError round_to_grid(const float* values, const float* held, std::size_t count, const GridNumbers& grid,
                        float* rounded) {
  GridError error;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t value = bits_of(values[i]);
    const std::uint32_t magnitude = value & ~sign_bit;
    std::uint32_t result = rounded_bits(value, grid);
    if (held != nullptr && (bits_of(values[i] - held[i]) & ~sign_bit) <= grid.hold) result = bits_of(held[i]);
    if (magnitude < infinity) error.largest_value = std::max(error.largest_value, float_of(magnitude));
    if (magnitude < grid.limit) {
      const std::uint32_t off = bits_of(values[i] - float_of(result)) & ~sign_bit;
      error.largest_error = std::max(error.largest_error, float_of(off));
    }
    rounded[i] = float_of(result);
  }
  return error;
}

// 1.5 x 2^23: a sum's lowest bits are those of the integer added to it.
constexpr float integer_magic = 12582912.0F;

float byte_value(std::uint8_t code, float step, bool is_signed) {
  const int k = is_signed ? static_cast<std::int8_t>(code) : static_cast<int>(code);
  return static_cast<float>(k) * step;
}

void byte_codes(const float* values, std::size_t count, float step, float inverse, bool is_signed,
                std::uint8_t* codes) {
  const std::uint8_t escape = is_signed ? 0x80 : 0xFF;
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = static_cast<std::uint8_t>(bits_of(values[i] * inverse + integer_magic));
    codes[i] = bits_of(byte_value(code, step, is_signed)) == bits_of(values[i]) ? code : escape;
  }
}

void byte_values(const std::uint8_t* codes, const float* old, std::size_t count, float step, bool is_signed,
                 float* values) {
  const std::uint8_t escape = is_signed ? 0x80 : 0xFF;
  for (std::size_t i = 0; i < count; ++i) {
    const float instead = old == nullptr ? 0.0F : old[i];
    values[i] = codes[i] == escape ? instead : byte_value(codes[i], step, is_signed);
  }
}

float short_value(std::uint16_t code, float step) {
  return static_cast<float>(static_cast<std::int16_t>(code)) * step;
}

void short_codes(const float* values, std::size_t count, float step, float inverse, std::uint16_t* codes) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = static_cast<std::uint16_t>(bits_of(values[i] * inverse + integer_magic));
    codes[i] = bits_of(short_value(code, step)) == bits_of(values[i]) ? code : short_escape;
  }
}

void short_values(const std::uint16_t* codes, const float* old, std::size_t count, float step,
                  float* values) {
  for (std::size_t i = 0; i < count; ++i) {
    const float instead = old == nullptr ? 0.0F : old[i];
    values[i] = codes[i] == short_escape ? instead : short_value(codes[i], step);
  }
}

void split_differences(const std::uint16_t* codes, const std::uint16_t* old_codes, std::size_t count,
                       std::uint8_t* low, std::uint8_t* high) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto difference = static_cast<std::uint16_t>(codes[i] - old_codes[i]);
    const auto folded = static_cast<std::uint16_t>((difference << 1) ^ (0 - (difference >> 15)));
    low[i] = static_cast<std::uint8_t>(folded);
    high[i] = static_cast<std::uint8_t>(folded >> 8);
  }
}

void join_differences(const std::uint8_t* low, const std::uint8_t* high, const std::uint16_t* old_codes,
                      std::size_t count, std::uint16_t* codes) {
  for (std::size_t i = 0; i < count; ++i) {
    const int folded = low[i] | (high[i] << 8);
    codes[i] = static_cast<std::uint16_t>(old_codes[i] + ((folded >> 1) ^ (0 - (folded & 1))));
  }
}

}  // namespace

const ValueGridKernels value_grid_scalar = {Isa::scalar,  count_magnitudes,  round_to_grid,
                                            byte_codes,   byte_values,       short_codes,
                                            short_values, split_differences, join_differences};

}  // namespace edge::kernels
