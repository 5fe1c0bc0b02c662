// Delta masks: which elements changed, collecting the changed values, and putting them back. Elements are
// compared by their bits, so -0 differs from +0 and a NaN equals the same NaN. Bit i of a mask is bit i % 8
// of byte i / 8 (least significant first); the unused bits of the last byte are zero. `mask` has (count + 7)
// / 8 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace edge::kernels {

/// Sets mask bits where the bits of new_values and old_values differ; returns how many do.
std::size_t compare_to_mask(Isa isa, const std::uint32_t* new_values, const std::uint32_t* old_values,
                            std::size_t count, std::uint8_t* mask);
std::size_t compare_to_mask(Isa isa, const std::uint8_t* new_values, const std::uint8_t* old_values,
                            std::size_t count, std::uint8_t* mask);

/// Writes the values whose mask bit is set to `packed`, in order; returns how many. `packed` must have room
/// for that many values plus 8 (variants may store whole vectors).
std::size_t compress(Isa isa, const std::uint32_t* values, const std::uint8_t* mask, std::size_t count,
                     std::uint32_t* packed);
std::size_t compress(Isa isa, const std::uint8_t* values, const std::uint8_t* mask, std::size_t count,
                     std::uint8_t* packed);

/// The inverse: values[i] = next of `packed` where the bit is set, untouched elsewhere. Returns how many were
/// taken; never reads more than that many from `packed`.
std::size_t expand(Isa isa, const std::uint32_t* packed, const std::uint8_t* mask, std::size_t count,
                   std::uint32_t* values);
std::size_t expand(Isa isa, const std::uint8_t* packed, const std::uint8_t* mask, std::size_t count,
                   std::uint8_t* values);

/// Number of set bits in the first `count` bits.
std::size_t count_mask(const std::uint8_t* mask, std::size_t count);

/// Deadband: held[i] keeps its value while |in[i] - held[i]| <= band, else becomes in[i]. (Input frames,
/// 1/255 steps.)
void deadband(Isa isa, const std::uint8_t* in, std::uint8_t* held, std::size_t count, std::uint8_t band);

/// 32-bit words, split into four byte planes (plane p holds byte p of every word, least significant first).
/// `planes` has 4 x count bytes. And the inverse.
void split_planes(Isa isa, const std::uint32_t* words, std::size_t count, std::uint8_t* planes);
void join_planes(Isa isa, const std::uint8_t* planes, std::size_t count, std::uint32_t* words);

/// differences = values - old_values, modulo 256; and the inverse. What is written overlaps nothing that is
/// read.
void subtract(Isa isa, const std::uint8_t* values, const std::uint8_t* old_values, std::uint8_t* differences,
              std::size_t count);
void add(Isa isa, const std::uint8_t* differences, const std::uint8_t* old_values, std::uint8_t* values,
         std::size_t count);

/// Red, green and blue, each `stride` bytes behind the one before.
struct RgbPlanes {
  const std::uint8_t* data = nullptr;
  std::size_t stride = 0;
};
struct WritableRgbPlanes {
  std::uint8_t* data = nullptr;
  std::size_t stride = 0;
};
/// The same for `count` values of three planes, where red and blue are reduced by green's difference as well:
/// what changes in a picture is mostly brightness, which changes all three alike.
void subtract_rgb(Isa isa, RgbPlanes values, RgbPlanes old_values, WritableRgbPlanes differences,
                  std::size_t count);
void add_rgb(Isa isa, RgbPlanes differences, RgbPlanes old_values, WritableRgbPlanes values,
             std::size_t count);

}  // namespace edge::kernels
