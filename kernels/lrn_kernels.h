// The table of local response normalisation that each ISA implements: one channel of a run of pixels at a
// time. Included by the ISA files, hence no inline code in here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace edge::kernels {

/// The power that the values are divided by, of d = k + scale * sum.
enum class LrnPower : std::uint8_t {
  half,            ///< sqrt(d)
  three_quarters,  ///< sqrt(d) * sqrt(sqrt(d))
  one,             ///< d
  none             ///< nothing is divided: `out` becomes d
};

struct LrnRow {
  const float* window = nullptr;    ///< first channel of the window
  std::ptrdiff_t channels = 0;      ///< of the window, at least 1
  std::ptrdiff_t channel_step = 0;  ///< floats from one channel to the next
  const float* in = nullptr;        ///< the channel itself
  float* out = nullptr;
  std::ptrdiff_t count = 0;  ///< pixels
  float scale = 0;           ///< alpha / size
  float k = 0;
};

struct LrnKernels {
  Isa isa;
  /// sum = fma(x, x, sum) over the window's channels from 0 on; d = fma(sum, scale, k); out = in / power(d).
  void (*row)(const LrnRow& row, LrnPower power);
};

extern const LrnKernels lrn_scalar;
extern const LrnKernels lrn_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const LrnKernels lrn_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
