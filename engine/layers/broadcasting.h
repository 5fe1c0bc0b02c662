// Shapes of operators that repeat their smaller inputs. Pure functions. Internal to the engine.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/shape.h"

namespace edge {

/// What tensors of `a` and `b` make together: aligned at the last dimension, extents of 1 repeated. Throws
/// Error.
Shape broadcast(const Shape& a, const Shape& b);

/// Strides of a tensor of `shape` for each dimension of `result`: 0 where it is repeated.
std::vector<std::int64_t> broadcast_strides(const Shape& shape, const Shape& result);

}  // namespace edge
