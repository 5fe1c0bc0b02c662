#include "engine/autograd/structure.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/autograd/dimension.h"
#include "engine/error.h"

namespace edge::autograd {
namespace {

/// Copies indices [first, first + part's extent) of `whole` along the dimension to or from `part`.
void copy_to_part(const Tensor& whole, std::size_t dimension, std::int64_t first, Tensor& part) {
  const Along from = along(whole.shape(), dimension);
  const std::int64_t run = along(part.shape(), dimension).extent * from.inner;
  for (std::int64_t i = 0; i < from.outer; ++i) {
    std::copy_n(whole.data() + (i * from.extent + first) * from.inner, run, part.data() + i * run);
  }
}

void copy_from_part(const Tensor& part, std::size_t dimension, std::int64_t first, Tensor& whole) {
  const Along to = along(whole.shape(), dimension);
  const std::int64_t run = along(part.shape(), dimension).extent * to.inner;
  for (std::int64_t i = 0; i < to.outer; ++i) {
    std::copy_n(part.data() + i * run, run, whole.data() + (i * to.extent + first) * to.inner);
  }
}

}  // namespace

Variable reshape(const Variable& x, const Shape& shape) {
  if (shape.elements() != x.shape().elements()) {
    throw Error("reshape: " + x.shape().to_string() + " and " + shape.to_string() +
                " differ in their number of elements");
  }
  return {x.value().reshaped(shape), {x}, [](const Tensor& gradient, std::span<const Variable> inputs) {
            inputs[0].add_gradient(gradient.reshaped(inputs[0].shape()));
          }};
}

Variable flatten(const Variable& x) {
  const Shape& shape = x.shape();
  if (shape.rank() < 1) throw Error("flatten: a scalar has no dimension to keep");
  std::int64_t rest = 1;
  for (std::size_t d = 1; d < shape.rank(); ++d) rest *= shape[d];
  return reshape(x, {shape[0], rest});
}

Variable concat(const std::vector<Variable>& parts, int dimension) {
  if (parts.empty()) throw Error("concat: nothing to join");
  const Shape& first = parts.front().shape();
  const std::size_t index = dimension_index("concat", first, dimension);
  std::int64_t extent = 0;
  for (const Variable& part : parts) {
    const Shape& shape = part.shape();
    if (shape.rank() != first.rank() || with_extent(shape, index, 0) != with_extent(first, index, 0)) {
      throw Error("concat: shapes " + first.to_string() + " and " + shape.to_string() +
                  " differ in more than dimension " + std::to_string(index));
    }
    extent += shape[index];
  }
  Tensor whole(with_extent(first, index, extent));
  std::int64_t at = 0;
  for (const Variable& part : parts) {
    copy_from_part(part.value(), index, at, whole);
    at += part.shape()[index];
  }
  return {std::move(whole), parts, [index](const Tensor& gradient, std::span<const Variable> inputs) {
            std::int64_t begin = 0;
            for (const Variable& input : inputs) {
              if (input.requires_gradient()) {
                Tensor share(input.shape());
                copy_to_part(gradient, index, begin, share);
                input.add_gradient(std::move(share));
              }
              begin += input.shape()[index];
            }
          }};
}

Variable slice(const Variable& x, int dimension, std::int64_t first, std::int64_t count) {
  const Shape& shape = x.shape();
  const std::size_t index = dimension_index("slice", shape, dimension);
  if (first < 0 || count < 0 || first > shape[index] || count > shape[index] - first) {
    throw Error("slice: " + std::to_string(count) + " from " + std::to_string(first) +
                " on are not in dimension " + std::to_string(index) + " of " + shape.to_string());
  }
  Tensor part(with_extent(shape, index, count));
  copy_to_part(x.value(), index, first, part);
  return {std::move(part), {x}, [index, first](const Tensor& gradient, std::span<const Variable> inputs) {
            Tensor whole = Tensor::zeros(inputs[0].shape());
            copy_from_part(gradient, index, first, whole);
            inputs[0].add_gradient(std::move(whole));
          }};
}

}  // namespace edge::autograd
