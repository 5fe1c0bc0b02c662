#include "engine/autograd/dimension.h"

#include <algorithm>
#include <string>

#include "engine/error.h"

namespace edge::autograd {

std::size_t dimension_index(const char* operation, const Shape& shape, int dimension) {
  const int rank = static_cast<int>(shape.rank());
  if (dimension < -rank || dimension >= rank) {
    throw Error(std::string(operation) + ": a tensor of " + shape.to_string() + " has no dimension " +
                std::to_string(dimension));
  }
  return static_cast<std::size_t>(dimension < 0 ? dimension + rank : dimension);
}

Shape with_extent(const Shape& shape, std::size_t dimension, std::int64_t extent) {
  std::array<std::int64_t, Shape::max_rank> extents{};
  std::copy(shape.extents().begin(), shape.extents().end(), extents.begin());
  extents[dimension] = extent;
  return Shape(std::span<const std::int64_t>(extents.data(), shape.rank()));
}

Along along(const Shape& shape, std::size_t dimension) {
  Along result;
  for (std::size_t d = 0; d < shape.rank(); ++d) {
    (d < dimension ? result.outer : d == dimension ? result.extent : result.inner) *= shape[d];
  }
  return result;
}

}  // namespace edge::autograd
