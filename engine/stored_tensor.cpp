#include "engine/stored_tensor.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/quoted_name.h"

namespace edge {

std::array<std::int64_t, Shape::max_rank> contiguous_strides(const Shape& shape) {
  std::array<std::int64_t, Shape::max_rank> strides{};
  std::int64_t stride = 1;
  for (std::size_t dimension = shape.rank(); dimension-- > 0;) {
    strides[dimension] = stride;
    stride *= std::max<std::int64_t>(shape[dimension], 1);
  }
  return strides;
}

bool StoredTensor::contiguous() const {
  const auto wanted = contiguous_strides(shape);
  for (std::size_t dimension = 0; dimension < shape.rank(); ++dimension) {
    if (shape[dimension] > 1 && strides[dimension] != wanted[dimension]) return false;
  }
  return true;
}

void sort_by_name(WeightIndex& index, const std::string& file) {
  std::sort(index.begin(), index.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(index.begin(), index.end(),
                                        [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != index.end()) throw Error(file + ": name " + quoted_name(twice->name) + " is there twice");
}

}  // namespace edge
