#include "engine/autograd/broadcast.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/error.h"

namespace edge::autograd {

Shape broadcast_shape(const char* operation, const Shape& a, const Shape& b) {
  if (a == b) return a;
  const std::size_t rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, Shape::max_rank> extents{};
  for (std::size_t i = 0; i < rank; ++i) {  // from the back
    const std::int64_t of_a = i < a.rank() ? a[a.rank() - 1 - i] : 1;
    const std::int64_t of_b = i < b.rank() ? b[b.rank() - 1 - i] : 1;
    if (of_a != of_b && of_a != 1 && of_b != 1) {
      throw Error(std::string(operation) + ": shapes " + a.to_string() + " and " + b.to_string() +
                  " cannot be broadcast to one");
    }
    extents[rank - 1 - i] = of_a == 1 ? of_b : of_a;
  }
  return Shape(std::span<const std::int64_t>(extents.data(), rank));
}

Steps broadcast_steps(const Shape& part, const Shape& whole) {
  Steps steps{};
  std::int64_t step = 1;
  for (std::size_t i = 0; i < part.rank(); ++i) {  // from the back
    const std::int64_t extent = part[part.rank() - 1 - i];
    steps[whole.rank() - 1 - i] = extent == 1 ? 0 : step;
    step *= extent;
  }
  return steps;
}

Tensor broadcast_to(const Tensor& from, const Shape& shape) {
  if (from.shape() == shape) return from;
  Tensor result(shape);
  const Steps steps = broadcast_steps(from.shape(), shape);
  const std::int64_t columns = shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
  const std::int64_t step = shape.rank() == 0 ? 0 : steps[shape.rank() - 1];
  for_each_row(shape, steps, steps, [&](std::int64_t first, std::int64_t at, std::int64_t) {
    for (std::int64_t i = 0; i < columns; ++i) result.data()[first + i] = from.data()[at + i * step];
  });
  return result;
}

Tensor sum_to(const Tensor& from, const Shape& shape, double factor) {
  if (from.shape() == shape && factor == 1) return from;
  Tensor result(shape);
  std::vector<double> sums(result.elements());
  const Shape& whole = from.shape();
  const Steps steps = broadcast_steps(shape, whole);
  const std::int64_t columns = whole.rank() == 0 ? 1 : whole[whole.rank() - 1];
  const std::int64_t step = whole.rank() == 0 ? 0 : steps[whole.rank() - 1];
  for_each_row(whole, steps, steps, [&](std::int64_t first, std::int64_t at, std::int64_t) {
    const float* const values = from.data() + first;
    double* const targets = sums.data() + at;
    if (step == 0) {
      double sum = targets[0];
      for (std::int64_t i = 0; i < columns; ++i) sum += values[i];
      targets[0] = sum;
    } else {
      for (std::int64_t i = 0; i < columns; ++i) targets[i] += values[i];
    }
  });
  for (std::size_t i = 0; i < sums.size(); ++i) result.data()[i] = static_cast<float>(factor * sums[i]);
  return result;
}

}  // namespace edge::autograd
