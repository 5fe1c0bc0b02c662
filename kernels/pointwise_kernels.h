// The table of elementwise kernels that each ISA implements; contracts in kernels/pointwise.h. Included by
// the ISA files, hence no inline code in here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace edge::kernels {

struct PointwiseKernels {
  Isa isa;
  void (*relu)(const float* in, float* out, std::size_t count);
  void (*add)(const float* a, const float* b, float* out, std::size_t count, bool relu);
  void (*scale_shift)(const float* in, float* out, std::size_t count, float scale, float shift, bool relu);
  void (*clipped_relu)(const float* in, float* out, std::size_t count, float ceiling);
  void (*rgb_to_planar)(const std::uint8_t* rgb, std::uint8_t* planes, std::size_t pixels);
  void (*u8_to_unit_float)(const std::uint8_t* in, float* out, std::size_t count);
};

extern const PointwiseKernels pointwise_scalar;
extern const PointwiseKernels pointwise_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const PointwiseKernels pointwise_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
