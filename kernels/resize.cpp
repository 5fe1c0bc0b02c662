#include "kernels/resize.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace edge::kernels {
namespace {

using Index = std::ptrdiff_t;

constexpr std::int64_t grain = 16 * 1024;

/// Interpolates one output row, given its two source rows; `scratch` has room for a source row.
void resize_row(const ResizeShape& shape, bool weighted_columns, const float* first, const float* second,
                float weight, float* scratch, float* out) {
  const auto in_columns = static_cast<Index>(shape.in_columns);
  const float* row = first;
  if (weight != 0) {
    const float other = 1.0F - weight;
    for (Index i = 0; i < in_columns; ++i) scratch[i] = other * first[i] + weight * second[i];
    row = scratch;
  }
  const auto columns = static_cast<Index>(shape.columns.size());
  const ResizeTap* const taps = shape.columns.data();
  if (!weighted_columns) {
    for (Index i = 0; i < columns; ++i) out[i] = row[taps[i].first];
    return;
  }
  for (Index i = 0; i < columns; ++i) {
    const ResizeTap& tap = taps[i];
    if (tap.first < 0) {
      out[i] = shape.outside;
    } else if (tap.weight == 0) {
      out[i] = row[tap.first];
    } else {
      out[i] = (1.0F - tap.weight) * row[tap.first] + tap.weight * row[tap.second];
    }
  }
}

}  // namespace

void resize(const ResizeShape& shape, const float* in, float* out, ThreadPool& pool) {
  const bool weighted_columns =
      std::any_of(shape.columns.begin(), shape.columns.end(),
                  [](const ResizeTap& tap) { return tap.weight != 0 || tap.first < 0; });
  const auto out_rows = static_cast<std::int64_t>(shape.rows.size());
  const auto out_columns = static_cast<std::int64_t>(shape.columns.size());
  const std::int64_t total = shape.planes * out_rows;
  const std::int64_t rows_per_piece =
      std::max<std::int64_t>(1, grain / std::max<std::int64_t>(out_columns + shape.in_columns, 1));
  const std::int64_t pieces = (total + rows_per_piece - 1) / rows_per_piece;
  std::vector<float> scratch(static_cast<std::size_t>(pool.threads() * shape.in_columns));
  pool.parallel_for(pieces, [&](std::int64_t piece, int thread) {
    const std::int64_t end = std::min(total, (piece + 1) * rows_per_piece);
    for (std::int64_t index = piece * rows_per_piece; index < end; ++index) {
      const ResizeTap& tap = shape.rows[static_cast<std::size_t>(index % out_rows)];
      const float* const plane = in + index / out_rows * shape.in_rows * shape.in_columns;
      float* const to = out + index * out_columns;
      if (tap.first < 0) {
        std::fill_n(to, out_columns, shape.outside);
        continue;
      }
      // Nearest interpolation repeats rows.
      const bool repeats = index > piece * rows_per_piece && index % out_rows != 0;
      if (repeats) {
        const ResizeTap& before = shape.rows[static_cast<std::size_t>(index % out_rows - 1)];
        if (before.first == tap.first && before.second == tap.second && before.weight == tap.weight) {
          std::memcpy(to, to - out_columns, static_cast<std::size_t>(out_columns) * sizeof(float));
          continue;
        }
      }
      resize_row(shape, weighted_columns, plane + tap.first * shape.in_columns,
                 plane + tap.second * shape.in_columns, tap.weight,
                 scratch.data() + thread * shape.in_columns, to);
    }
  });
}

}  // namespace edge::kernels
