// Pooling: clips the windows by PyTorch's rules, deals output rows out to threads and calls the ISA's row
// kernels. Results depend neither on the threads nor on the ISA (which NaN comes out is open; armv7 NEON
// flushes denormals).
#include "kernels/pooling.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/pooling_variants.h"

namespace edge::kernels {
namespace {

/// Enough values per task to outweigh handing it out, few enough to balance the threads.
constexpr std::int64_t task_floats = 32 * 1024;

std::int64_t out_extent(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                        std::int64_t dilation, bool ceil_mode) {
  const std::int64_t steps = in + 2 * padding - dilation * (kernel - 1) - 1;
  if (steps < 0) return 0;
  const std::int64_t out = (steps + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  const bool last_starts_outside = ceil_mode && (out - 1) * stride >= in + padding;
  return last_starts_outside ? out - 1 : out;
}

using Index = std::ptrdiff_t;  // 64-bit indices would cost as much as the pooling itself on 32-bit CPUs

/// One axis of the image and its windows.
struct Axis {
  Index in, out, kernel, stride, padding, dilation;
};

Axis row_axis(const Pool2dShape& shape) {
  return {static_cast<Index>(shape.in_rows),      static_cast<Index>(shape.out_rows()),
          static_cast<Index>(shape.kernel_rows),  static_cast<Index>(shape.stride_rows),
          static_cast<Index>(shape.padding_rows), static_cast<Index>(shape.dilation_rows)};
}

Axis column_axis(const Pool2dShape& shape) {
  return {static_cast<Index>(shape.in_columns),      static_cast<Index>(shape.out_columns()),
          static_cast<Index>(shape.kernel_columns),  static_cast<Index>(shape.stride_columns),
          static_cast<Index>(shape.padding_columns), static_cast<Index>(shape.dilation_columns)};
}

/// Calls row(plane, output_row, thread) for all of them, runs of neighbouring rows on one thread.
template <typename Row>
void for_each_row(std::int64_t planes, std::int64_t out_rows, std::int64_t floats_per_row, ThreadPool& pool,
                  const Row& row) {
  const std::int64_t total = planes * out_rows;
  const std::int64_t rows_per_task =
      std::max<std::int64_t>(1, task_floats / std::max<std::int64_t>(1, floats_per_row));
  const std::int64_t tasks = (total + rows_per_task - 1) / rows_per_task;
  pool.parallel_for(tasks, [&](std::int64_t task, int thread) {
    const std::int64_t first = task * rows_per_task;
    auto plane = static_cast<Index>(first / out_rows);
    auto index = static_cast<Index>(first % out_rows);
    for (auto left = static_cast<Index>(std::min(rows_per_task, total - first)); left > 0; --left) {
      row(plane, index, thread);
      if (++index == out_rows) {
        index = 0;
        ++plane;
      }
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
  const Index end = std::min(begin + axis.kernel, axis.in + axis.padding);
  return {std::max<Index>(begin, 0), std::min(end, axis.in), end - begin};
}

/// One output row: the windows wholly inside the image in one go, those at its left and right end one by one.
void average_row(const PoolingKernels& kernels, const Extent& rows, const Axis& axis, bool count_include_pad,
                 const float* plane, float* out) {
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
  const Index inside = std::min((axis.padding + axis.stride - 1) / axis.stride, axis.out);
  const Index room = axis.in + axis.padding - axis.kernel;
  const Index inside_end = room < 0 ? inside : std::clamp(room / axis.stride + 1, inside, axis.out);
  for (Index column = 0; column < inside; ++column) run(pooling_scalar, column, 1);
  if (inside < inside_end) run(kernels, inside, inside_end - inside);
  for (Index column = inside_end; column < axis.out; ++column) run(pooling_scalar, column, 1);
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

std::array<float, planes_at_once> window_sums(const PlaneBlock& planes, std::int64_t row_step,
                                              std::int64_t row_begin, std::int64_t row_end,
                                              std::int64_t column_begin, std::int64_t column_end) {
  std::array<float, planes_at_once> sums{};
  for (std::int64_t r = row_begin; r < row_end; ++r) {
    PlaneBlock rows = planes;
    for (const float*& row : rows) row += r * row_step + column_begin;
    const auto columns = static_cast<std::size_t>(column_end - column_begin);
    for (std::size_t c = 0; c < columns; ++c) {
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
  return out_extent(in_rows, kernel_rows, stride_rows, padding_rows, dilation_rows, ceil_mode);
}

std::int64_t Pool2dShape::out_columns() const {
  return out_extent(in_columns, kernel_columns, stride_columns, padding_columns, dilation_columns, ceil_mode);
}

void max_pool2d(Isa isa, const Pool2dShape& shape, const float* in, float* out, ThreadPool& pool) {
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
  for_each_row(shape.planes, rows.out, columns.in * rows.stride, pool,
               [&](Index plane, Index index, int thread) {
                 const auto [first_row, row_count] = max_rows(rows, index);
                 MaxPoolRow row = any_row;
                 row.in = in + (plane * rows.in + first_row) * columns.in;
                 row.rows = row_count;
                 row.out = out + (plane * rows.out + index) * columns.out;
                 kernels.max_row(row, scratch.data() + thread * scratch_floats);
               });
}

void average_pool2d(Isa isa, const Pool2dShape& shape, const float* in, float* out, ThreadPool& pool) {
  const PoolingKernels& kernels = variant_for(isa, pooling_variants());
  const Axis rows = row_axis(shape);
  const Axis columns = column_axis(shape);
  if (rows.out <= 0 || columns.out <= 0) return;
  for_each_row(
      shape.planes, rows.out, columns.in * rows.stride, pool, [&](Index plane, Index index, int /*thread*/) {
        average_row(kernels, average_extent(rows, index), columns, shape.count_include_pad,
                    in + plane * rows.in * columns.in, out + (plane * rows.out + index) * columns.out);
      });
}

void adaptive_average_pool2d(Isa /*isa: the eight chains keep up with the memory as they are*/,
                             std::int64_t planes, std::int64_t in_rows, std::int64_t in_columns,
                             std::int64_t out_rows, std::int64_t out_columns, const float* in, float* out,
                             ThreadPool& pool) {
  constexpr auto block = static_cast<std::int64_t>(planes_at_once);
  const std::int64_t blocks = (planes + block - 1) / block;
  for_each_row(blocks, out_rows, block * in_rows * in_columns / std::max<std::int64_t>(1, out_rows), pool,
               [&](std::int64_t index, std::int64_t row, int /*thread*/) {
                 const std::int64_t used = std::min(block, planes - index * block);
                 PlaneBlock inputs;
                 for (std::int64_t p = 0; p < block; ++p) {  // missing planes: sum the last one again
                   const std::int64_t plane = index * block + std::min(p, used - 1);
                   inputs[static_cast<std::size_t>(p)] = in + plane * in_rows * in_columns;
                 }
                 const std::int64_t row_begin = row * in_rows / out_rows;
                 const std::int64_t row_end = ((row + 1) * in_rows + out_rows - 1) / out_rows;
                 for (std::int64_t column = 0; column < out_columns; ++column) {
                   const std::int64_t begin = column * in_columns / out_columns;
                   const std::int64_t end = ((column + 1) * in_columns + out_columns - 1) / out_columns;
                   const auto sums = window_sums(inputs, in_columns, row_begin, row_end, begin, end);
                   const auto divisor = static_cast<float>((row_end - row_begin) * (end - begin));
                   for (std::int64_t p = 0; p < used; ++p) {
                     out[((index * block + p) * out_rows + row) * out_columns + column] =
                         sums[static_cast<std::size_t>(p)] / divisor;
                   }
                 }
               });
}

}  // namespace edge::kernels
