// Depthwise convolutions of the usual sizes, whole planes at a time. Used by conv_depthwise.cpp, tests and
// benchmarks. Immutable tables, any thread, no errors.
#pragma once

#include <cstddef>

#include "kernels/cpu.h"

namespace edge::kernels {

/// One channel. `image` is padded: output (row, column) is the chain of multiply-adds, row by row, of weights
/// with the kernel x kernel elements from image[row * stride * pitch + column * stride] on, then + bias
/// (unless null), then ReLU. Up to `depthwise_overrun` floats behind the last element of the image are read.
struct DepthwisePlane {
  const float* image;
  std::ptrdiff_t pitch;
  const float* weights;
  const float* bias;
  bool relu;
  float ceiling;  ///< then min(x, ceiling); may be infinite
  float* out;
  std::ptrdiff_t out_pitch;
  std::ptrdiff_t rows;  ///< of the output, at least 1
  std::ptrdiff_t columns;
};

/// Rows of an image between zeros: `above` rows of zeros, `rows` of left zeros, `columns` floats and right
/// zeros, `below` rows of zeros, all of left + columns + right floats. Up to `depthwise_overrun` floats
/// behind the last row are overwritten.
struct PaddedRows {
  const float* from;
  std::ptrdiff_t from_pitch;
  std::ptrdiff_t above, rows, below;
  std::ptrdiff_t left, columns, right;
  float* to;
};

/// `name` is the contract: "f32-depthwise KERNELxKERNEL/STRIDE isa".
struct DepthwiseVariant {
  const char* name;
  int kernel;
  int stride;
  void (*run)(const DepthwisePlane& plane);
};

inline constexpr int depthwise_variant_count = 4;

struct DepthwiseKernels {
  void (*pad_rows)(const PaddedRows& rows);
  const DepthwiseVariant* variants;  ///< depthwise_variant_count of them
};

inline constexpr std::ptrdiff_t depthwise_overrun = 64;
inline constexpr std::ptrdiff_t depthwise_most_padding = 32;  ///< PaddedRows::left, at most

extern const DepthwiseKernels depthwise_kernels_avx2;
extern const DepthwiseKernels depthwise_kernels_neon;

}  // namespace edge::kernels
