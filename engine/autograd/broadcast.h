// NumPy's broadcasting: shapes are aligned at their last dimensions, and an extent of 1 (or a missing one)
// is repeated. Internal to the operations of this folder; any thread.
#pragma once

#include <array>
#include <cstdint>

#include "engine/tensor.h"

namespace edge::autograd {

/// The shape of a op b. Throws Error with both shapes and the operation's name.
Shape broadcast_shape(const char* operation, const Shape& a, const Shape& b);
/// `from` repeated; shares its values if the shapes agree.
Tensor broadcast_to(const Tensor& from, const Shape& shape);
/// The reverse: factor * the sum over all repetitions of each element of `shape`. Added up in double
/// precision, in the order of memory. Shares the values if the shapes agree and factor is 1.
Tensor sum_to(const Tensor& from, const Shape& shape, double factor = 1);

using Steps = std::array<std::int64_t, Shape::max_rank>;
/// Elements from one index of each of whole's dimensions to the next in a tensor of shape `part` that is
/// broadcast to it.
Steps broadcast_steps(const Shape& part, const Shape& whole);

/// Calls row(first, a, b) for each innermost row of `shape`: its first element, and where that is in two
/// tensors with these steps.
template <class Row>
void for_each_row(const Shape& shape, const Steps& a_steps, const Steps& b_steps, const Row& row) {
  if (shape.elements() == 0) return;
  const std::size_t rank = shape.rank();
  const std::int64_t columns = rank == 0 ? 1 : shape[rank - 1];
  const std::int64_t rows = shape.elements() / columns;
  std::array<std::int64_t, Shape::max_rank> index{};
  std::int64_t a = 0;
  std::int64_t b = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    row(i * columns, a, b);
    for (std::size_t d = rank < 2 ? 0 : rank - 1; d-- > 0;) {
      a += a_steps[d];
      b += b_steps[d];
      if (++index[d] < shape[d]) break;
      a -= a_steps[d] * shape[d];
      b -= b_steps[d] * shape[d];
      index[d] = 0;
    }
  }
}

}  // namespace edge::autograd
