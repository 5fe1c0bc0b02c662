// Copies a tensor's elements into another order. Thread-safe, no errors.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/thread_pool.h"

namespace edge::kernels {

/// out[((i0 * sizes[1]) + i1) * sizes[2] ...] = in[i0 * strides[0] + i1 * strides[1] + ...]: a transposition,
/// slice, repetition or reversal. Strides may be 0 or negative; no two neighbouring dimensions need to be one
/// run already. `out` must not overlap `in`.
struct StridedCopy {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;

  void run(const float* in, float* out, ThreadPool& pool) const;
};

}  // namespace edge::kernels
