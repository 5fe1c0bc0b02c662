// The table of kernels for values on grids that each ISA implements; contracts in kernels/value_grid.h.
// Included by the ISA files, hence no inline code in here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/value_grid.h"

namespace edge::kernels {

/// GridRounding as the kernels use it.
struct GridNumbers {
  float step = 0;
  float inverse = 0;        ///< 1 / step, rounded
  std::uint32_t limit = 0;  ///< bits: magnitudes from here on stay as they are
  std::uint32_t hold = 0;   ///< bits: largest difference to a held value
};

struct ValueGridKernels {
  Isa isa;
  MagnitudeCounts (*count_magnitudes)(const float* values, std::size_t count, std::uint32_t low,
                                      std::uint32_t high);
  GridError (*round_to_grid)(const float* values, const float* held, std::size_t count,
                             const GridNumbers& grid, float* rounded);
  void (*byte_codes)(const float* values, std::size_t count, float step, float inverse, bool is_signed,
                     std::uint8_t* codes);
  void (*byte_values)(const std::uint8_t* codes, const float* old, std::size_t count, float step,
                      bool is_signed, float* values);
  void (*short_codes)(const float* values, std::size_t count, float step, float inverse,
                      std::uint16_t* codes);
  void (*short_values)(const std::uint16_t* codes, const float* old, std::size_t count, float step,
                       float* values);
  void (*split_differences)(const std::uint16_t* codes, const std::uint16_t* old_codes, std::size_t count,
                            std::uint8_t* low, std::uint8_t* high);
  void (*join_differences)(const std::uint8_t* low, const std::uint8_t* high, const std::uint16_t* old_codes,
                           std::size_t count, std::uint16_t* codes);
};

extern const ValueGridKernels value_grid_scalar;
extern const ValueGridKernels value_grid_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const ValueGridKernels value_grid_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
