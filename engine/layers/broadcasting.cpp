#include "engine/layers/broadcasting.h"

#include <algorithm>

#include "engine/error.h"

namespace edge {

Shape broadcast(const Shape& a, const Shape& b) {
  std::vector<std::int64_t> result(std::max(a.rank(), b.rank()));
  for (std::size_t i = 0; i < result.size(); ++i) {  // from the end
    const std::int64_t from_a = i < a.rank() ? a[a.rank() - 1 - i] : 1;
    const std::int64_t from_b = i < b.rank() ? b[b.rank() - 1 - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) {
      throw Error(a.to_string() + " and " + b.to_string() + " do not fit to each other");
    }
    result[result.size() - 1 - i] = from_a == 1 ? from_b : from_a;
  }
  return Shape(std::span<const std::int64_t>(result));
}

std::vector<std::int64_t> broadcast_strides(const Shape& shape, const Shape& result) {
  std::vector<std::int64_t> strides(result.rank(), 0);
  std::int64_t stride = 1;
  for (std::size_t i = 0; i < shape.rank(); ++i) {  // from the end
    const std::int64_t extent = shape[shape.rank() - 1 - i];
    if (extent != 1) strides[result.rank() - 1 - i] = stride;
    stride *= extent;
  }
  return strides;
}

}  // namespace edge
