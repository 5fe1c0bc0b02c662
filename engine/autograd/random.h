// The random numbers of training: a generator that the caller owns and passes in. Same bits on every
// platform.
#pragma once

#include <random>

#include "engine/tensor.h"

namespace edge::autograd {

using Generator = std::mt19937;

/// In [0, 1), a multiple of 2^-24.
inline float uniform(Generator& generator) {
  return static_cast<float>(generator() >> 8) * 0x1p-24F;
}

/// Values in [-bound, bound).
inline Tensor uniform_tensor(const Shape& shape, float bound, Generator& generator) {
  Tensor tensor(shape);
  for (float& value : tensor.values()) value = bound * (2 * uniform(generator) - 1);
  return tensor;
}

}  // namespace edge::autograd
