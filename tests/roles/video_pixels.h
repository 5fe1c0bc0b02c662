// Frames as numbers, for comparisons.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/array.h"

namespace edge::test {

inline std::vector<int> pixels_of(const Array& frame) {
  std::vector<int> pixels;
  for (const std::byte value : frame.span()) pixels.push_back(std::to_integer<int>(value));
  return pixels;
}

}  // namespace edge::test
