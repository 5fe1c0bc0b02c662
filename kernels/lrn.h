// Local response normalisation across channels (Krizhevsky, Sutskever and Hinton 2012, section 3.3), NCHW.
#pragma once

#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/thread_pool.h"

namespace edge::kernels {

struct LrnShape {
  std::int64_t batch = 1;
  std::int64_t channels = 0;
  std::int64_t plane = 0;  ///< rows x columns
  std::int64_t size =
      5;  ///< channels of a window: size / 2 before the channel itself, (size - 1) / 2 behind it
  float alpha = 1e-4F;
  float beta = 0.75F;
  float k = 1;
};

/// PyTorch's local_response_norm: out = in / (k + alpha / size * sum of squares over the window) ^ beta;
/// channels that do not exist count as 0. The squares are added in the order of the channels. For beta = 0.5,
/// 0.75 and 1 the power is made of correctly rounded roots and the results have the same bits on every ISA;
/// for any other it is the C library's pow in double precision. `in` and `out` must not overlap.
void local_response_norm(Isa isa, const LrnShape& shape, const float* in, float* out, ThreadPool& pool);

}  // namespace edge::kernels
