// Frames around a tensor. Thread-safe, no errors.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/thread_pool.h"

namespace edge::kernels {

enum class PaddingMode : std::uint8_t {
  constant,
  reflect,  ///< without the edge itself: c b | a b c | b a
  edge      ///< a a | a b c | c c
};

/// One entry per dimension, the outermost first.
struct PaddingShape {
  std::vector<std::int64_t> sizes;   ///< of the input
  std::vector<std::int64_t> before;  ///< >= 0; reflections less than the size
  std::vector<std::int64_t> after;
  PaddingMode mode = PaddingMode::constant;
  float value = 0;
};

void pad(const PaddingShape& shape, const float* in, float* out, ThreadPool& pool);

}  // namespace edge::kernels
