// The table of delta kernels that each ISA implements; contracts in kernels/delta.h. Included by the ISA
// files, hence no inline code in here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/delta.h"

namespace edge::kernels {

struct DeltaKernels {
  Isa isa;
  std::size_t (*compare_to_mask_u32)(const std::uint32_t* new_values, const std::uint32_t* old_values,
                                     std::size_t count, std::uint8_t* mask);
  std::size_t (*compare_to_mask_u8)(const std::uint8_t* new_values, const std::uint8_t* old_values,
                                    std::size_t count, std::uint8_t* mask);
  std::size_t (*compress_u32)(const std::uint32_t* values, const std::uint8_t* mask, std::size_t count,
                              std::uint32_t* packed);
  std::size_t (*compress_u8)(const std::uint8_t* values, const std::uint8_t* mask, std::size_t count,
                             std::uint8_t* packed);
  std::size_t (*expand_u32)(const std::uint32_t* packed, const std::uint8_t* mask, std::size_t count,
                            std::uint32_t* values);
  std::size_t (*expand_u8)(const std::uint8_t* packed, const std::uint8_t* mask, std::size_t count,
                           std::uint8_t* values);
  void (*deadband)(const std::uint8_t* in, std::uint8_t* held, std::size_t count, std::uint8_t band);
  void (*subtract_u8)(const std::uint8_t* values, const std::uint8_t* old_values, std::uint8_t* differences,
                      std::size_t count);
  void (*add_u8)(const std::uint8_t* differences, const std::uint8_t* old_values, std::uint8_t* values,
                 std::size_t count);
  void (*subtract_rgb)(RgbPlanes values, RgbPlanes old_values, WritableRgbPlanes differences,
                       std::size_t count);
  void (*add_rgb)(RgbPlanes differences, RgbPlanes old_values, WritableRgbPlanes values, std::size_t count);
  void (*split_planes)(const std::uint32_t* words, std::size_t count, std::uint8_t* planes);
  void (*join_planes)(const std::uint8_t* planes, std::size_t count, std::uint32_t* words);
};

extern const DeltaKernels delta_scalar;
extern const DeltaKernels delta_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const DeltaKernels delta_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
