// Helpers about dimensions for the operations of this folder. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/shape.h"

namespace edge::autograd {

/// `dimension` (negative: from the end) as an index of `shape`. Throws Error with the operation's name.
std::size_t dimension_index(const char* operation, const Shape& shape, int dimension);
/// `shape` with another extent in one dimension.
Shape with_extent(const Shape& shape, std::size_t dimension, std::int64_t extent);

/// A tensor seen along one dimension: outer x extent x inner.
struct Along {
  std::int64_t outer = 1;
  std::int64_t extent = 1;
  std::int64_t inner = 1;
};
Along along(const Shape& shape, std::size_t dimension);

}  // namespace edge::autograd
