// Pooling: clips the windows by PyTorch's rules, deals output rows out to threads and calls the ISA's row
// kernels. Results depend neither on the threads nor on the ISA (which NaN comes out is open; armv7 NEON
// flushes denormals).
#include "kernels/pooling.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "kernels/pooling_rows.h"
#include "kernels/pooling_variants.h"

namespace edge::kernels {
namespace {

std::int64_t out_extent(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                        std::int64_t extra, std::int64_t dilation, bool ceil_mode) {
  const std::int64_t steps = in + 2 * padding + extra - dilation * (kernel - 1) - 1;
  if (steps < 0) return 0;
  const std::int64_t out = (steps + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  const bool last_starts_outside = ceil_mode && (out - 1) * stride >= in + padding;
  return last_starts_outside ? out - 1 : out;
}

/// One axis of the image and its windows.
struct Axis {
  PoolingIndex in, out;
  PoolingIndex kernel = 1, stride = 1, padding = 0, dilation = 1;
  PoolingIndex end_padding = 0;
};

Axis row_axis(const Pool2dShape& shape) {
  return {static_cast<PoolingIndex>(shape.in_rows),
          static_cast<PoolingIndex>(shape.out_rows()),
          static_cast<PoolingIndex>(shape.kernel_rows),
          static_cast<PoolingIndex>(shape.stride_rows),
          static_cast<PoolingIndex>(shape.padding_rows),
          static_cast<PoolingIndex>(shape.dilation_rows),
          static_cast<PoolingIndex>(shape.padding_rows + shape.extra_rows)};
}

Axis column_axis(const Pool2dShape& shape) {
  return {static_cast<PoolingIndex>(shape.in_columns),
          static_cast<PoolingIndex>(shape.out_columns()),
          static_cast<PoolingIndex>(shape.kernel_columns),
          static_cast<PoolingIndex>(shape.stride_columns),
          static_cast<PoolingIndex>(shape.padding_columns),
          static_cast<PoolingIndex>(shape.dilation_columns),
          static_cast<PoolingIndex>(shape.padding_columns + shape.extra_columns)};
}

/// Calls part(plane, area, thread) for all of them, some neighbouring planes on one thread.
template <typename Part>
void for_each_part(std::int64_t planes, std::span<const Area> areas, std::int64_t floats_per_output,
                   ThreadPool& pool, const Part& part) {
  std::int64_t outputs = 1;
  for (const Area& area : areas) outputs += area.rows * area.columns;
  const std::int64_t planes_per_task =
      std::clamp<std::int64_t>(pooling_task_floats / (outputs * floats_per_output), 1, planes);
  pool.parallel_for((planes + planes_per_task - 1) / planes_per_task, [&](std::int64_t task, int thread) {
    const std::int64_t end = std::min(planes, (task + 1) * planes_per_task);
    for (std::int64_t plane = task * planes_per_task; plane < end; ++plane) {
      for (const Area& area : areas) part(static_cast<PoolingIndex>(plane), area, thread);
    }
  });
}

/// Where a window of average pooling lies along one axis.
struct Extent {
  PoolingIndex begin, end;  ///< inside the image
  PoolingIndex padded;      ///< size with the padding that it covers
};

Extent average_extent(const Axis& axis, PoolingIndex index) {
  const PoolingIndex begin = index * axis.stride - axis.padding;
  const PoolingIndex end = std::min(begin + axis.kernel, axis.in + axis.end_padding);
  return {std::max<PoolingIndex>(begin, 0), std::min(end, axis.in), end - begin};
}

/// One output row: the windows wholly inside the image in one go, those at its left and right end one by one.
/// Of the columns [first, end).
void average_row(const PoolingKernels& kernels, const Extent& rows, const Axis& axis, bool count_include_pad,
                 const float* plane, PoolingIndex first_column, PoolingIndex end_column, float* out) {
  const auto run = [&](const PoolingKernels& variant, PoolingIndex first, PoolingIndex count) {
    const Extent columns = average_extent(axis, first);
    const PoolingIndex values = count_include_pad ? rows.padded * columns.padded
                                                  : (rows.end - rows.begin) * (columns.end - columns.begin);
    variant.average_row({.in = plane + rows.begin * axis.in + columns.begin,
                         .rows = rows.end - rows.begin,
                         .row_step = axis.in,
                         .window = columns.end - columns.begin,
                         .stride = axis.stride,
                         .count = count,
                         .divisor = static_cast<float>(values),
                         .out = out + first});
  };
  const PoolingIndex room = axis.in + axis.padding - axis.kernel;
  const PoolingIndex inside =
      std::clamp((axis.padding + axis.stride - 1) / axis.stride, first_column, end_column);
  const PoolingIndex inside_end = room < 0 ? inside : std::clamp(room / axis.stride + 1, inside, end_column);
  for (PoolingIndex column = first_column; column < inside; ++column) run(pooling_scalar, column, 1);
  if (inside < inside_end) run(kernels, inside, inside_end - inside);
  for (PoolingIndex column = inside_end; column < end_column; ++column) run(pooling_scalar, column, 1);
}

/// The image rows of the windows of output row `index`, clipped to the image: their first and their number.
std::pair<PoolingIndex, PoolingIndex> max_rows(const Axis& axis, PoolingIndex index) {
  PoolingIndex begin = index * axis.stride - axis.padding;
  PoolingIndex rows = axis.kernel;
  for (; begin < 0; begin += axis.dilation) --rows;
  while (rows > 0 && begin + (rows - 1) * axis.dilation >= axis.in) --rows;
  return {rows > 0 ? begin : 0, std::max<PoolingIndex>(rows, 0)};
}

}  // namespace

Variants<PoolingKernels> pooling_variants() {
  static constexpr const PoolingKernels* variants[] = {
    &pooling_scalar,
#if defined(EDGE_HAVE_NEON)
    &pooling_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &pooling_avx2,
#endif
  };
  return variants;
}

std::int64_t Pool2dShape::out_rows() const {
  return out_extent(in_rows, kernel_rows, stride_rows, padding_rows, extra_rows, dilation_rows, ceil_mode);
}

std::int64_t Pool2dShape::out_columns() const {
  return out_extent(in_columns, kernel_columns, stride_columns, padding_columns, extra_columns,
                    dilation_columns, ceil_mode);
}

namespace {

/// All outputs, or only those in the areas.
void max_pool(Isa isa, const Pool2dShape& shape, const float* in, float* out,
              const std::span<const Area>* areas, ThreadPool& pool) {
  const PoolingKernels& kernels = variant_for(isa, pooling_variants());
  const Axis rows = row_axis(shape);
  const Axis columns = column_axis(shape);
  if (rows.out <= 0 || columns.out <= 0) return;
  const PoolingIndex windows_end =
      (columns.out - 1) * columns.stride + (columns.kernel - 1) * columns.dilation + 1;
  const PoolingIndex scratch_floats =
      std::max(columns.padding + columns.in, windows_end) + max_pool_scratch_slack;
  std::vector<float> scratch(static_cast<std::size_t>(pool.threads() * scratch_floats));
  MaxPoolRow any_row;
  any_row.row_step = rows.dilation * columns.in;
  any_row.in_columns = columns.in;
  any_row.padding = columns.padding;
  any_row.window = columns.kernel;
  any_row.window_step = columns.dilation;
  any_row.stride = columns.stride;
  any_row.count = columns.out;
  any_row.in_advance = rows.stride * columns.in;
  if (areas != nullptr) {
    any_row.repeats = 1;
    for_each_part(shape.planes, *areas, shape.kernel_rows * shape.kernel_columns, pool,
                  [&](PoolingIndex plane, const Area& area, int thread) {
                    MaxPoolRow row = any_row;
                    const auto first = static_cast<PoolingIndex>(area.first_column);
                    row.count = static_cast<PoolingIndex>(area.columns);
                    // The part of the image's rows that the windows touch.
                    const PoolingIndex begin = first * columns.stride - columns.padding;
                    const PoolingIndex end = begin + (row.count - 1) * columns.stride +
                                             (columns.kernel - 1) * columns.dilation + 1;
                    const PoolingIndex skipped = std::clamp<PoolingIndex>(begin, 0, columns.in);
                    row.padding = skipped - begin;
                    row.in_columns = std::clamp(end, skipped, columns.in) - skipped;
                    for (auto index = static_cast<PoolingIndex>(area.first_row);
                         index < static_cast<PoolingIndex>(area.first_row + area.rows); ++index) {
                      const auto [first_row, row_count] = max_rows(rows, index);
                      row.in = in + (plane * rows.in + first_row) * columns.in + skipped;
                      row.rows = row_count;
                      row.out = out + (plane * rows.out + index) * columns.out + first;
                      kernels.max_rows(row, scratch.data() + thread * scratch_floats);
                    }
                  });
    return;
  }
  // Output rows from `full` to `full_end` have windows that lie in the image from top to bottom: all of one
  // kind.
  const PoolingIndex full = (rows.padding + rows.stride - 1) / rows.stride;
  const PoolingIndex room = rows.in + rows.padding - rows.dilation * (rows.kernel - 1) - 1;
  const PoolingIndex full_end = room < 0 ? 0 : std::min(room / rows.stride + 1, rows.out);
  for_each_pooled_row(shape.planes, rows.out, columns.in * rows.stride, pool,
                      [&](PoolingIndex plane, PoolingIndex first, PoolingIndex count, int thread) {
                        MaxPoolRow row = any_row;
                        for (PoolingIndex index = first; index < first + count; index += row.repeats) {
                          const auto [first_row, row_count] = max_rows(rows, index);
                          row.in = in + (plane * rows.in + first_row) * columns.in;
                          row.rows = row_count;
                          row.out = out + (plane * rows.out + index) * columns.out;
                          const bool is_full = index >= full && index < full_end;
                          row.repeats = is_full ? std::min(full_end, first + count) - index : 1;
                          kernels.max_rows(row, scratch.data() + thread * scratch_floats);
                        }
                      });
}

/// Likewise.
void average_pool(Isa isa, const Pool2dShape& shape, const float* in, float* out,
                  const std::span<const Area>* areas, ThreadPool& pool) {
  const PoolingKernels& kernels = variant_for(isa, pooling_variants());
  const Axis rows = row_axis(shape);
  const Axis columns = column_axis(shape);
  if (rows.out <= 0 || columns.out <= 0) return;
  const auto make_rows = [&](PoolingIndex plane, PoolingIndex first, PoolingIndex count,
                             PoolingIndex first_column, PoolingIndex end_column) {
    for (PoolingIndex index = first; index < first + count; ++index) {
      average_row(kernels, average_extent(rows, index), columns, shape.count_include_pad,
                  in + plane * rows.in * columns.in, first_column, end_column,
                  out + (plane * rows.out + index) * columns.out);
    }
  };
  if (areas != nullptr) {
    for_each_part(shape.planes, *areas, shape.kernel_rows * shape.kernel_columns, pool,
                  [&](PoolingIndex plane, const Area& area, int /*thread*/) {
                    make_rows(plane, static_cast<PoolingIndex>(area.first_row),
                              static_cast<PoolingIndex>(area.rows),
                              static_cast<PoolingIndex>(area.first_column),
                              static_cast<PoolingIndex>(area.first_column + area.columns));
                  });
    return;
  }
  for_each_pooled_row(shape.planes, rows.out, columns.in * rows.stride, pool,
                      [&](PoolingIndex plane, PoolingIndex first, PoolingIndex count, int /*thread*/) {
                        make_rows(plane, first, count, 0, columns.out);
                      });
}

}  // namespace

void max_pool2d(Isa isa, const Pool2dShape& shape, const float* in, float* out, ThreadPool& pool) {
  max_pool(isa, shape, in, out, nullptr, pool);
}

void max_pool2d_part(Isa isa, const Pool2dShape& shape, const float* in, float* out,
                     std::span<const Area> areas, ThreadPool& pool) {
  max_pool(isa, shape, in, out, &areas, pool);
}

void average_pool2d(Isa isa, const Pool2dShape& shape, const float* in, float* out, ThreadPool& pool) {
  average_pool(isa, shape, in, out, nullptr, pool);
}

void average_pool2d_part(Isa isa, const Pool2dShape& shape, const float* in, float* out,
                         std::span<const Area> areas, ThreadPool& pool) {
  average_pool(isa, shape, in, out, &areas, pool);
}

}  // namespace edge::kernels
