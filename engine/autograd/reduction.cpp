#include "engine/autograd/reduction.h"

#include <array>

#include "engine/autograd/broadcast.h"
#include "engine/autograd/dimension.h"

namespace edge::autograd {
namespace {

Variable reduce(const char* name, const Variable& x, const std::vector<int>& dimensions, bool keep,
                bool average) {
  const Shape& whole = x.shape();
  Shape kept = whole;
  for (const int dimension : dimensions) kept = with_extent(kept, dimension_index(name, whole, dimension), 1);
  std::array<std::int64_t, Shape::max_rank> extents{};
  std::size_t rank = 0;
  std::array<bool, Shape::max_rank> reduced{};
  for (const int dimension : dimensions) reduced[dimension_index(name, whole, dimension)] = true;
  for (std::size_t d = 0; d < whole.rank(); ++d) {
    if (keep || !reduced[d]) extents[rank++] = kept[d];
  }
  const double factor =
      average ? static_cast<double>(kept.elements()) / static_cast<double>(whole.elements()) : 1.0;
  return {
      sum_to(x.value(), kept, factor).reshaped(Shape(std::span<const std::int64_t>(extents.data(), rank))),
      {x},
      [kept, factor](const Tensor& gradient, std::span<const Variable> inputs) {
        Tensor share = gradient.clone();
        for (float& value : share.values()) value *= static_cast<float>(factor);
        inputs[0].add_gradient(broadcast_to(share.reshaped(kept), inputs[0].shape()));
      }};
}

std::vector<int> all_dimensions(const Variable& x) {
  std::vector<int> dimensions;
  for (std::size_t d = 0; d < x.shape().rank(); ++d) dimensions.push_back(static_cast<int>(d));
  return dimensions;
}

}  // namespace

Variable sum(const Variable& x) {
  return reduce("sum", x, all_dimensions(x), false, false);
}

Variable sum(const Variable& x, const std::vector<int>& dimensions, bool keep) {
  return reduce("sum", x, dimensions, keep, false);
}

Variable mean(const Variable& x) {
  return reduce("mean", x, all_dimensions(x), false, true);
}

Variable mean(const Variable& x, const std::vector<int>& dimensions, bool keep) {
  return reduce("mean", x, dimensions, keep, true);
}

}  // namespace edge::autograd
