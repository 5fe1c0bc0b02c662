// Depthwise convolutions with a channel in each lane of a vector: what an instruction set contributes. Used
// by conv_depthwise_lanes.cpp only. Immutable tables, any thread, no errors.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace edge::kernels {

inline constexpr std::ptrdiff_t depthwise_lanes = 8;

/// A row of outputs of eight channels; values of one position stand side by side. Output j is the chain of
/// multiply-adds of the weights with image[offsets[tap] + j * stride * depthwise_lanes] and the seven values
/// behind it, then + bias, then ReLU.
struct LaneRow {
  const float* image;
  const std::int32_t* offsets;  ///< one per tap
  std::ptrdiff_t taps;
  std::ptrdiff_t stride;  ///< 1 or 2
  const float* weights;   ///< taps x 8
  const float* bias;      ///< 8; -0 where there is none
  bool relu;
  float ceiling;  ///< then min(x, ceiling); may be infinite
  float* out;     ///< columns x 8
  std::ptrdiff_t columns;
};

struct DepthwiseLaneKernels {
  /// to[places[i] + lane] = planes[lane][i] for i < count, count >= 8.
  void (*interleave)(const float* const* planes, std::ptrdiff_t count, const std::int32_t* places, float* to);
  /// planes[lane][i] = from[8 * i + lane] for i < count, lane < lanes; count >= 8.
  void (*separate)(const float* from, std::ptrdiff_t count, float* const* planes, std::ptrdiff_t lanes);
  void (*row)(const LaneRow& row);
};

/// Null where the ISA has none.
const DepthwiseLaneKernels* depthwise_lane_kernels(Isa isa);

extern const DepthwiseLaneKernels depthwise_lane_kernels_avx2;

}  // namespace edge::kernels
