#include "engine/shape.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace edge {

Shape::Shape(std::initializer_list<std::int64_t> extents)
    : Shape(std::span<const std::int64_t>(extents.begin(), extents.size())) {}

Shape::Shape(std::span<const std::int64_t> extents) : rank_(extents.size()) {
  assert(rank_ <= max_rank);
  assert(std::all_of(extents.begin(), extents.end(), [](std::int64_t extent) { return extent >= 0; }));
  std::copy(extents.begin(), extents.end(), extents_.begin());
}

std::int64_t Shape::elements() const {
  std::int64_t product = 1;
  bool overflow = false;
  for (const std::int64_t extent : extents()) {
    if (extent == 0) return 0;
    overflow |= __builtin_mul_overflow(product, extent, &product);
  }
  return overflow ? std::numeric_limits<std::int64_t>::max() : product;
}

std::string Shape::to_string() const {
  std::string text;
  for (const std::int64_t extent : extents()) {
    if (!text.empty()) text += 'x';
    text += std::to_string(extent);
  }
  return text.empty() ? "scalar" : text;
}

bool operator==(const Shape& a, const Shape& b) {
  return std::equal(a.extents().begin(), a.extents().end(), b.extents().begin(), b.extents().end());
}

}  // namespace edge
