// The row operations of kernels/block_gate.h that each ISA implements. Included by the ISA files, hence no
// inline code in here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/delta.h"

namespace edge::kernels {

struct BlockGateKernels {
  Isa isa;
  /// Of `count` pixels: luma = 2 R + 5 G + B (eighths) of the differences picture - held, red and blue those
  /// of their planes.
  void (*difference_row)(RgbPlanes picture, RgbPlanes held, std::size_t count, std::int16_t* luma,
                         std::int16_t* red, std::int16_t* blue);
  /// sums[i] += entering[i] - leaving[i]: a window of rows moves on by one.
  void (*slide)(const std::int16_t* entering, const std::int16_t* leaving, std::size_t count,
                std::int16_t* sums);
  /// peaks[i] = max(peaks[i], |sum of (sums[i + k] >> shift) for k = 0 to 4|): five neighbours in a row.
  void (*raise_peaks)(const std::int16_t* sums, int shift, std::size_t count, std::int16_t* peaks);
};

extern const BlockGateKernels block_gate_scalar;
extern const BlockGateKernels block_gate_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const BlockGateKernels block_gate_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
