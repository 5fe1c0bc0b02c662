// Values on a grid: what tensors are rounded to on their way between workers, and codes of one or two bytes
// for such values. Everything here is the same, bit for bit, on every ISA. `count` is at most one channel: a
// grid belongs to a channel. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace edge::kernels {

/// Steps are counted in half octaves: 2^(step / 2) if `step` is even, 1.5 x 2^((step - 1) / 2) if it is odd.
/// Small multiples of them are neither denormal nor infinite.
inline constexpr int lowest_step = -120;
inline constexpr int highest_step = 120;
float size_of_step(int step);

/// How a channel is rounded: to the nearest multiple of a step (ties to even, as far as a float can tell;
/// never to -0). What is too large for that, infinite or a NaN stays as it is.
struct GridRounding {
  int step = 0;
  std::uint32_t hold = 0;  ///< with held values: these stay while they are at most hold / 32 steps off
};

/// What rounding did to finite values.
struct GridError {
  float largest_error = 0;
  float largest_value = 0;  ///< magnitude, before
};

/// Finite values by magnitude.
struct MagnitudeCounts {
  std::size_t low = 0;    ///< at least the low threshold
  std::size_t high = 0;   ///< at least the high threshold
  bool negative = false;  ///< some value is (or is a NaN with a sign)
};
/// Thresholds are bits of positive, finite floats.
MagnitudeCounts count_magnitudes(Isa isa, const float* values, std::size_t count, std::uint32_t low,
                                 std::uint32_t high);

/// rounded[i] = values[i] on the grid, or held[i] (`held` may be null; its values must be on the same grid).
GridError round_to_grid(Isa isa, const float* values, const float* held, std::size_t count,
                        const GridRounding& rounding, float* rounded);

/// One byte per value k x step: k from 0 to 254, or from -127 to 127 if the channel `is_signed`, modulo 256.
/// What is no such value is the escape.
struct ByteGrid {
  int step = 0;
  bool is_signed = false;
  constexpr std::uint8_t escape() const { return is_signed ? 0x80 : 0xFF; }
};
void byte_codes(Isa isa, const float* values, std::size_t count, const ByteGrid& grid, std::uint8_t* codes);
/// The inverse; an escape becomes old[i], or 0 if `old` is null.
void byte_values(Isa isa, const std::uint8_t* codes, const float* old, std::size_t count,
                 const ByteGrid& grid, float* values);

/// The same with two bytes, k from -32767 to 32767.
inline constexpr std::uint16_t short_escape = 0x8000;
void short_codes(Isa isa, const float* values, std::size_t count, int step, std::uint16_t* codes);
void short_values(Isa isa, const std::uint16_t* codes, const float* old, std::size_t count, int step,
                  float* values);

/// Differences of codes modulo 2^16, the sign folded into the lowest bit, as planes of their low and high
/// bytes; and the inverse.
void split_differences(Isa isa, const std::uint16_t* codes, const std::uint16_t* old_codes, std::size_t count,
                       std::uint8_t* low, std::uint8_t* high);
void join_differences(Isa isa, const std::uint8_t* low, const std::uint8_t* high,
                      const std::uint16_t* old_codes, std::size_t count, std::uint16_t* codes);

}  // namespace edge::kernels
