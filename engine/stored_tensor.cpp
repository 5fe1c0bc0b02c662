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

void strip_common_prefixes(WeightIndex& index) {
  constexpr std::array<std::string_view, 3> prefixes{"module.", "_orig_mod.", "model."};
  const auto counts = [](const StoredTensor& tensor) { return tensor.format && tensor.shape.rank() > 0; };
  if (std::none_of(index.begin(), index.end(), counts)) return;
  for (std::size_t i = 0; i < prefixes.size();) {
    const std::string_view prefix = prefixes[i++];
    const auto has_prefix = [&](const StoredTensor& tensor) {
      return tensor.name.size() > prefix.size() && tensor.name.starts_with(prefix);
    };
    const bool everywhere = std::all_of(index.begin(), index.end(), [&](const StoredTensor& tensor) {
      return !counts(tensor) || has_prefix(tensor);
    });
    if (!everywhere) continue;
    for (StoredTensor& tensor : index) {
      if (has_prefix(tensor)) tensor.name.erase(0, prefix.size());
    }
    i = 0;  // wrappers may be wrapped in any order
  }
}

void sort_by_name(WeightIndex& index, const std::string& file) {
  std::sort(index.begin(), index.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(index.begin(), index.end(),
                                        [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != index.end()) throw Error(file + ": name " + quoted_name(twice->name) + " is there twice");
}

}  // namespace edge
