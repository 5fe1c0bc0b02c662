// Pooling: clips the windows by PyTorch's rules, deals output rows out to threads and calls the ISA's row
// kernels. Results depend neither on the threads nor on the ISA (which NaN comes out is open; armv7 NEON
// flushes denormals).
#include "kernels/pooling.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "kernels/linear_kernels.h"
#include "kernels/pooling_variants.h"

namespace edge::kernels {
namespace {

/// Enough values per task to outweigh handing it out, few enough to balance the threads.
constexpr std::int64_t task_floats = 32 * 1024;

std::int64_t out_extent(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                        std::int64_t extra, std::int64_t dilation, bool ceil_mode) {
  const std::int64_t steps = in + 2 * padding + extra - dilation * (kernel - 1) - 1;
  if (steps < 0) return 0;
  const std::int64_t out = (steps + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  const bool last_starts_outside = ceil_mode && (out - 1) * stride >= in + padding;
  return last_starts_outside ? out - 1 : out;
}

using Index = std::ptrdiff_t;  // 64-bit indices would cost as much as the pooling itself on 32-bit CPUs

/// One axis of the image and its windows.
struct Axis {
  Index in, out;
  Index kernel = 1, stride = 1, padding = 0, dilation = 1;
  Index end_padding = 0;
};

Axis row_axis(const Pool2dShape& shape) {
  return {static_cast<Index>(shape.in_rows),
          static_cast<Index>(shape.out_rows()),
          static_cast<Index>(shape.kernel_rows),
          static_cast<Index>(shape.stride_rows),
          static_cast<Index>(shape.padding_rows),
          static_cast<Index>(shape.dilation_rows),
          static_cast<Index>(shape.padding_rows + shape.extra_rows)};
}

Axis column_axis(const Pool2dShape& shape) {
  return {static_cast<Index>(shape.in_columns),
          static_cast<Index>(shape.out_columns()),
          static_cast<Index>(shape.kernel_columns),
          static_cast<Index>(shape.stride_columns),
          static_cast<Index>(shape.padding_columns),
          static_cast<Index>(shape.dilation_columns),
          static_cast<Index>(shape.padding_columns + shape.extra_columns)};
}

/// Calls rows(plane, first_output_row, row_count, thread) for all of them, runs of neighbouring rows of a
/// plane on one thread.
template <typename Rows>
void for_each_row(std::int64_t planes, std::int64_t out_rows, std::int64_t floats_per_row, ThreadPool& pool,
                  const Rows& rows) {
  const std::int64_t total = planes * out_rows;
  const std::int64_t rows_per_task =
      std::max<std::int64_t>(1, task_floats / std::max<std::int64_t>(1, floats_per_row));
  const std::int64_t tasks = (total + rows_per_task - 1) / rows_per_task;
  pool.parallel_for(tasks, [&](std::int64_t task, int thread) {
    const std::int64_t first = task * rows_per_task;
    auto plane = static_cast<Index>(first / out_rows);
    auto index = static_cast<Index>(first % out_rows);
    for (auto left = static_cast<Index>(std::min(rows_per_task, total - first)); left > 0;
         ++plane, index = 0) {
      const Index count = std::min(left, static_cast<Index>(out_rows) - index);
      rows(plane, index, count, thread);
      left -= count;
    }
  });
}

/// Calls part(plane, area, thread) for all of them, some neighbouring planes on one thread.
template <typename Part>
void for_each_part(std::int64_t planes, std::span<const Area> areas, std::int64_t floats_per_output,
                   ThreadPool& pool, const Part& part) {
  std::int64_t outputs = 1;
  for (const Area& area : areas) outputs += area.rows * area.columns;
  const std::int64_t planes_per_task =
      std::clamp<std::int64_t>(task_floats / (outputs * floats_per_output), 1, planes);
  pool.parallel_for((planes + planes_per_task - 1) / planes_per_task, [&](std::int64_t task, int thread) {
    const std::int64_t end = std::min(planes, (task + 1) * planes_per_task);
    for (std::int64_t plane = task * planes_per_task; plane < end; ++plane) {
      for (const Area& area : areas) part(static_cast<Index>(plane), area, thread);
    }
  });
}

/// Where a window of average pooling lies along one axis.
struct Extent {
  Index begin, end;  ///< inside the image
  Index padded;      ///< size with the padding that it covers
};

Extent average_extent(const Axis& axis, Index index) {
  const Index begin = index * axis.stride - axis.padding;
  const Index end = std::min(begin + axis.kernel, axis.in + axis.end_padding);
  return {std::max<Index>(begin, 0), std::min(end, axis.in), end - begin};
}

/// One output row: the windows wholly inside the image in one go, those at its left and right end one by one.
/// Of the columns [first, end).
void average_row(const PoolingKernels& kernels, const Extent& rows, const Axis& axis, bool count_include_pad,
                 const float* plane, Index first_column, Index end_column, float* out) {
  const auto run = [&](const PoolingKernels& variant, Index first, Index count) {
    const Extent columns = average_extent(axis, first);
    const Index values = count_include_pad ? rows.padded * columns.padded
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
  const Index room = axis.in + axis.padding - axis.kernel;
  const Index inside = std::clamp((axis.padding + axis.stride - 1) / axis.stride, first_column, end_column);
  const Index inside_end = room < 0 ? inside : std::clamp(room / axis.stride + 1, inside, end_column);
  for (Index column = first_column; column < inside; ++column) run(pooling_scalar, column, 1);
  if (inside < inside_end) run(kernels, inside, inside_end - inside);
  for (Index column = inside_end; column < end_column; ++column) run(pooling_scalar, column, 1);
}

/// The image rows of the windows of output row `index`, clipped to the image: their first and their number.
std::pair<Index, Index> max_rows(const Axis& axis, Index index) {
  Index begin = index * axis.stride - axis.padding;
  Index rows = axis.kernel;
  for (; begin < 0; begin += axis.dilation) --rows;
  while (rows > 0 && begin + (rows - 1) * axis.dilation >= axis.in) --rows;
  return {rows > 0 ? begin : 0, std::max<Index>(rows, 0)};
}

/// Sums the same window of eight planes, in eight independent chains: one alone would wait for each addition.
constexpr std::size_t planes_at_once = 8;
using PlaneBlock = std::array<const float*, planes_at_once>;

std::array<float, planes_at_once> window_sums(const PlaneBlock& planes, Index row_step, Index row_begin,
                                              Index row_end, Index column_begin, Index column_end) {
  std::array<float, planes_at_once> sums{};
  for (Index r = row_begin; r < row_end; ++r) {
    PlaneBlock rows = planes;
    for (const float*& row : rows) row += r * row_step + column_begin;
    for (Index c = 0; c < column_end - column_begin; ++c) {
      for (std::size_t p = 0; p < planes_at_once; ++p) sums[p] += rows[p][c];
    }
  }
  return sums;
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
  const Index windows_end = (columns.out - 1) * columns.stride + (columns.kernel - 1) * columns.dilation + 1;
  const Index scratch_floats = std::max(columns.padding + columns.in, windows_end) + max_pool_scratch_slack;
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
                  [&](Index plane, const Area& area, int thread) {
                    MaxPoolRow row = any_row;
                    const auto first = static_cast<Index>(area.first_column);
                    row.count = static_cast<Index>(area.columns);
                    // The part of the image's rows that the windows touch.
                    const Index begin = first * columns.stride - columns.padding;
                    const Index end = begin + (row.count - 1) * columns.stride +
                                      (columns.kernel - 1) * columns.dilation + 1;
                    const Index skipped = std::clamp<Index>(begin, 0, columns.in);
                    row.padding = skipped - begin;
                    row.in_columns = std::clamp(end, skipped, columns.in) - skipped;
                    for (auto index = static_cast<Index>(area.first_row);
                         index < static_cast<Index>(area.first_row + area.rows); ++index) {
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
  const Index full = (rows.padding + rows.stride - 1) / rows.stride;
  const Index room = rows.in + rows.padding - rows.dilation * (rows.kernel - 1) - 1;
  const Index full_end = room < 0 ? 0 : std::min(room / rows.stride + 1, rows.out);
  for_each_row(shape.planes, rows.out, columns.in * rows.stride, pool,
               [&](Index plane, Index first, Index count, int thread) {
                 MaxPoolRow row = any_row;
                 for (Index index = first; index < first + count; index += row.repeats) {
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
  const auto make_rows = [&](Index plane, Index first, Index count, Index first_column, Index end_column) {
    for (Index index = first; index < first + count; ++index) {
      average_row(kernels, average_extent(rows, index), columns, shape.count_include_pad,
                  in + plane * rows.in * columns.in, first_column, end_column,
                  out + (plane * rows.out + index) * columns.out);
    }
  };
  if (areas != nullptr) {
    for_each_part(shape.planes, *areas, shape.kernel_rows * shape.kernel_columns, pool,
                  [&](Index plane, const Area& area, int /*thread*/) {
                    make_rows(plane, static_cast<Index>(area.first_row), static_cast<Index>(area.rows),
                              static_cast<Index>(area.first_column),
                              static_cast<Index>(area.first_column + area.columns));
                  });
    return;
  }
  for_each_row(shape.planes, rows.out, columns.in * rows.stride, pool,
               [&](Index plane, Index first, Index count, int /*thread*/) {
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

namespace {

/// One value per plane: its dot product with ones.
void average_planes(Isa isa, std::int64_t planes, std::int64_t plane, const float* in, float* out,
                    ThreadPool& pool) {
  const LinearKernels& kernels = linear_kernels(isa);
  const std::vector<float> ones(static_cast<std::size_t>(plane), 1.0F);
  const std::int64_t most = kernels.most_rows;
  const std::int64_t groups = (planes + most - 1) / most;
  const std::int64_t per_task = std::max<std::int64_t>(1, task_floats / (plane * most));
  pool.parallel_for((groups + per_task - 1) / per_task, [&](std::int64_t task, int /*thread*/) {
    const std::int64_t end = std::min(planes, (task + 1) * per_task * most);
    for (std::int64_t first = task * per_task * most; first < end; first += most) {
      const auto count = static_cast<int>(std::min(most, end - first));
      kernels.dot_rows(ones.data(), in + first * plane, plane, count, out + first);
      for (int i = 0; i < count; ++i) out[first + i] /= static_cast<float>(plane);
    }
  });
}

}  // namespace

void adaptive_average_pool2d(Isa isa, std::int64_t planes, std::int64_t in_rows, std::int64_t in_columns,
                             std::int64_t out_rows, std::int64_t out_columns, const float* in, float* out,
                             ThreadPool& pool) {
  if (out_rows == in_rows && out_columns == in_columns) {  // each sum is that of 0 and one value
    const auto count = static_cast<Index>(planes * in_rows * in_columns);
    for (Index i = 0; i < count; ++i) out[i] = 0.0F + in[i];
    return;
  }
  if (out_rows == 1 && out_columns == 1) {
    return average_planes(isa, planes, in_rows * in_columns, in, out, pool);
  }
  constexpr auto block = static_cast<std::int64_t>(planes_at_once);
  const std::int64_t blocks = (planes + block - 1) / block;
  const Axis rows{.in = static_cast<Index>(in_rows), .out = static_cast<Index>(out_rows)};
  const Axis columns{.in = static_cast<Index>(in_columns), .out = static_cast<Index>(out_columns)};
  const auto begin_of = [](const Axis& axis, Index index) { return index * axis.in / axis.out; };
  const auto end_of = [](const Axis& axis, Index index) {
    return ((index + 1) * axis.in + axis.out - 1) / axis.out;
  };
  const auto one_row = [&](const PlaneBlock& inputs, Index used, Index row, float* out_row) {
    const Index row_begin = begin_of(rows, row);
    const Index row_end = end_of(rows, row);
    for (Index column = 0; column < columns.out; ++column) {
      const Index begin = begin_of(columns, column);
      const Index end = end_of(columns, column);
      const auto sums = window_sums(inputs, columns.in, row_begin, row_end, begin, end);
      const auto divisor = static_cast<float>((row_end - row_begin) * (end - begin));
      for (Index p = 0; p < used; ++p) {
        out_row[p * rows.out * columns.out + column] = sums[static_cast<std::size_t>(p)] / divisor;
      }
    }
  };
  for_each_row(
      blocks, out_rows, block * in_rows * in_columns / std::max<std::int64_t>(1, out_rows), pool,
      [&](Index index, Index first_row, Index count, int /*thread*/) {
        const Index first_plane = index * static_cast<Index>(block);
        const Index used = std::min(static_cast<Index>(block), static_cast<Index>(planes) - first_plane);
        PlaneBlock inputs;
        for (Index p = 0; p < static_cast<Index>(block); ++p) {  // missing planes: the last one again
          const Index plane = first_plane + std::min(p, used - 1);
          inputs[static_cast<std::size_t>(p)] = in + plane * rows.in * columns.in;
        }
        for (Index row = first_row; row < first_row + count; ++row) {
          one_row(inputs, used, row, out + (first_plane * rows.out + row) * columns.out);
        }
      });
}

}  // namespace edge::kernels
