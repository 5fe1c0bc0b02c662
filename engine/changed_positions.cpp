#include "engine/changed_positions.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace edge {

using kernels::DirtyMap;

bool is_feature_map(const Shape& shape) {
  return shape.rank() == 4 && shape[0] == 1;
}

DirtyMap clean_map(const Shape& shape) {
  return is_feature_map(shape) ? DirtyMap(shape[2], shape[3]) : DirtyMap(1, 1);
}

DirtyMap changed_positions(const Array& before, const Array& now) {
  assert(before.type() == now.type() && before.shape() == now.shape());
  DirtyMap map = clean_map(now.shape());
  if (before.data() == now.data()) return map;
  if (!is_feature_map(now.shape())) {
    if (std::memcmp(before.data(), now.data(), now.bytes()) != 0) map.mark_all();
    return map;
  }
  const auto columns = static_cast<std::size_t>(now.shape()[3]);
  const std::size_t row_bytes = columns * element_bytes(now.type());
  const std::size_t plane_bytes = static_cast<std::size_t>(now.shape()[2]) * row_bytes;
  const std::size_t bytes = element_bytes(now.type());
  std::vector<unsigned char> differs(columns);
  for (std::int64_t row = 0; row < now.shape()[2]; ++row) {
    bool any = false;
    for (std::int64_t channel = 0; channel < now.shape()[1]; ++channel) {
      const std::size_t at =
          static_cast<std::size_t>(channel) * plane_bytes + static_cast<std::size_t>(row) * row_bytes;
      const std::byte* const a = before.data() + at;
      const std::byte* const b = now.data() + at;
      if (std::memcmp(a, b, row_bytes) == 0) continue;
      if (!any) std::fill(differs.begin(), differs.end(), 0);
      any = true;
      if (bytes == sizeof(std::uint32_t)) {
        const auto* const wide_a = reinterpret_cast<const std::uint32_t*>(a);
        const auto* const wide_b = reinterpret_cast<const std::uint32_t*>(b);
        for (std::size_t i = 0; i < columns; ++i) {
          differs[i] = static_cast<unsigned char>(differs[i] | (wide_a[i] != wide_b[i] ? 1 : 0));
        }
      } else {
        for (std::size_t i = 0; i < columns; ++i) {
          differs[i] = static_cast<unsigned char>(
              differs[i] | (std::memcmp(a + i * bytes, b + i * bytes, bytes) != 0 ? 1 : 0));
        }
      }
    }
    for (std::size_t i = 0; any && i < columns; ++i) {
      if (differs[i] == 0) continue;
      std::size_t end = i + 1;
      while (end < columns && differs[end] != 0) ++end;
      map.mark(row, static_cast<std::int64_t>(i), static_cast<std::int64_t>(end - i));
      i = end;
    }
  }
  return map;
}

}  // namespace edge
