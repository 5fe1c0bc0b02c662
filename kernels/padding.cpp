#include "kernels/padding.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace edge::kernels {
namespace {

/// The input's index for one of the output, along a dimension; -1: padding.
std::int64_t source(const PaddingShape& shape, std::size_t dimension, std::int64_t index) {
  const std::int64_t size = shape.sizes[dimension];
  std::int64_t from = index - shape.before[dimension];
  if (from >= 0 && from < size) return from;
  switch (shape.mode) {
    case PaddingMode::constant:
      return -1;
    case PaddingMode::edge:
      return std::clamp<std::int64_t>(from, 0, size - 1);
    case PaddingMode::reflect:
      if (size == 1) return 0;
      while (from < 0 || from >= size) from = from < 0 ? -from : 2 * (size - 1) - from;
      return from;
  }
  return -1;
}

}  // namespace

void pad(const PaddingShape& shape, const float* in, float* out, ThreadPool& pool) {
  constexpr std::int64_t grain = 16 * 1024;
  const std::size_t last = shape.sizes.size() - 1;
  const auto out_size = [&](std::size_t i) { return shape.sizes[i] + shape.before[i] + shape.after[i]; };
  std::int64_t rows = 1;
  for (std::size_t i = 0; i < last; ++i) rows *= out_size(i);
  const std::int64_t columns = out_size(last);
  if (rows == 0 || columns == 0) return;
  const std::int64_t per_piece = std::max<std::int64_t>(1, grain / columns);
  pool.parallel_for((rows + per_piece - 1) / per_piece, [&](std::int64_t piece, int /*thread*/) {
    for (std::int64_t row = piece * per_piece; row < std::min(rows, (piece + 1) * per_piece); ++row) {
      float* const to = out + row * columns;
      std::int64_t offset = 0;
      std::int64_t stride = shape.sizes[last];
      bool outside = false;
      std::int64_t rest = row;
      for (std::size_t i = last; i-- > 0;) {
        const std::int64_t from = source(shape, i, rest % out_size(i));
        rest /= out_size(i);
        outside |= from < 0;
        offset += from * stride;
        stride *= shape.sizes[i];
      }
      if (outside) {
        std::fill_n(to, columns, shape.value);
        continue;
      }
      const float* const from = in + offset;
      for (std::int64_t i = 0; i < shape.before[last]; ++i) {
        const std::int64_t index = source(shape, last, i);
        to[i] = index < 0 ? shape.value : from[index];
      }
      std::memcpy(to + shape.before[last], from, static_cast<std::size_t>(shape.sizes[last]) * sizeof(float));
      for (std::int64_t i = shape.before[last] + shape.sizes[last]; i < columns; ++i) {
        const std::int64_t index = source(shape, last, i);
        to[i] = index < 0 ? shape.value : from[index];
      }
    }
  });
}

}  // namespace edge::kernels
