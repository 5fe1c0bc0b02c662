// Pooling: clips the windows by PyTorch's rules, deals output rows out to threads and calls the ISA's row
// kernels. Results depend neither on the threads nor on the ISA (which NaN comes out is open; armv7 NEON
// flushes denormals).
#include "kernels/pooling.h"

#include <algorithm>
#include <array>
#include <cstddef>
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

/// Calls row(plane, output_row, thread) for all of them, runs of neighbouring rows on one thread.
template <typename Row>
void for_each_row(std::int64_t planes, std::int64_t out_rows, std::int64_t floats_per_row, ThreadPool& pool,
                  const Row& row) {
  const std::int64_t total = planes * out_rows;
  const std::int64_t rows_per_task =
      std::max<std::int64_t>(1, task_floats / std::max<std::int64_t>(1, floats_per_row));
  const std::int64_t tasks = (total + rows_per_task - 1) / rows_per_task;
  pool.parallel_for(tasks, [&](std::int64_t task, int thread) {
    const std::int64_t end = std::min(total, (task + 1) * rows_per_task);
    for (std::int64_t index = task * rows_per_task; index < end; ++index) {
      row(index / out_rows, index % out_rows, thread);
    }
  });
}

/// Where a window lies along one axis.
struct Extent {
  std::int64_t begin, end;  ///< inside the image
  std::int64_t padded;      ///< size with the padding that it covers
};

Extent average_extent(std::int64_t index, std::int64_t in, std::int64_t kernel, std::int64_t stride,
                      std::int64_t padding) {
  const std::int64_t begin = index * stride - padding;
  const std::int64_t end = std::min(begin + kernel, in + padding);
  return {std::max<std::int64_t>(begin, 0), std::min(end, in), end - begin};
}

float average_divisor(const Pool2dShape& shape, const Extent& rows, const Extent& columns) {
  const std::int64_t values = shape.count_include_pad
                                  ? rows.padded * columns.padded
                                  : (rows.end - rows.begin) * (columns.end - columns.begin);
  return static_cast<float>(values);
}

/// One output row: the windows wholly inside the image in one go, those at its left and right end one by one.
void average_row(const PoolingKernels& kernels, const Pool2dShape& shape, const float* plane,
                 std::int64_t index, std::int64_t out_columns, float* out) {
  const auto column_extent = [&](std::int64_t column) {
    return average_extent(column, shape.in_columns, shape.kernel_columns, shape.stride_columns,
                          shape.padding_columns);
  };
  const Extent rows =
      average_extent(index, shape.in_rows, shape.kernel_rows, shape.stride_rows, shape.padding_rows);
  const auto run = [&](const PoolingKernels& variant, std::int64_t column, std::int64_t count) {
    const Extent columns = column_extent(column);
    variant.average_row({.in = plane + rows.begin * shape.in_columns + columns.begin,
                         .rows = rows.end - rows.begin,
                         .row_step = shape.in_columns,
                         .window = columns.end - columns.begin,
                         .stride = shape.stride_columns,
                         .count = count,
                         .divisor = average_divisor(shape, rows, columns),
                         .out = out + column});
  };

  std::int64_t inside = (shape.padding_columns + shape.stride_columns - 1) / shape.stride_columns;
  inside = std::min(inside, out_columns);
  const std::int64_t room = shape.in_columns + shape.padding_columns - shape.kernel_columns;
  const std::int64_t inside_end =
      room < 0 ? inside : std::clamp(room / shape.stride_columns + 1, inside, out_columns);
  for (std::int64_t column = 0; column < inside; ++column) run(pooling_scalar, column, 1);
  if (inside < inside_end) run(kernels, inside, inside_end - inside);
  for (std::int64_t column = inside_end; column < out_columns; ++column) run(pooling_scalar, column, 1);
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
  const std::int64_t out_rows = shape.out_rows();
  const std::int64_t out_columns = shape.out_columns();
  if (out_rows <= 0 || out_columns <= 0) return;
  const std::int64_t scratch_floats = std::max(shape.padding_columns + shape.in_columns,
                                               (out_columns - 1) * shape.stride_columns +
                                                   (shape.kernel_columns - 1) * shape.dilation_columns + 1) +
                                      max_pool_scratch_slack;
  std::vector<float> scratch(static_cast<std::size_t>(pool.threads() * scratch_floats));
  for_each_row(shape.planes, out_rows, shape.in_columns * shape.stride_rows, pool,
               [&](std::int64_t plane, std::int64_t index, int thread) {
                 std::int64_t begin = index * shape.stride_rows - shape.padding_rows;
                 std::int64_t rows = shape.kernel_rows;
                 while (begin < 0) {
                   begin += shape.dilation_rows;
                   --rows;
                 }
                 while (rows > 0 && begin + (rows - 1) * shape.dilation_rows >= shape.in_rows) --rows;
                 rows = std::max<std::int64_t>(rows, 0);
                 const std::int64_t first_row = rows > 0 ? begin : 0;
                 kernels.max_row({.in = in + (plane * shape.in_rows + first_row) * shape.in_columns,
                                  .rows = rows,
                                  .row_step = shape.dilation_rows * shape.in_columns,
                                  .in_columns = shape.in_columns,
                                  .padding = shape.padding_columns,
                                  .window = shape.kernel_columns,
                                  .window_step = shape.dilation_columns,
                                  .stride = shape.stride_columns,
                                  .count = out_columns,
                                  .out = out + (plane * out_rows + index) * out_columns},
                                 scratch.data() + thread * scratch_floats);
               });
}

void average_pool2d(Isa isa, const Pool2dShape& shape, const float* in, float* out, ThreadPool& pool) {
  const PoolingKernels& kernels = variant_for(isa, pooling_variants());
  const std::int64_t out_rows = shape.out_rows();
  const std::int64_t out_columns = shape.out_columns();
  if (out_rows <= 0 || out_columns <= 0) return;
  for_each_row(shape.planes, out_rows, shape.in_columns * shape.stride_rows, pool,
               [&](std::int64_t plane, std::int64_t index, int /*thread*/) {
                 average_row(kernels, shape, in + plane * shape.in_rows * shape.in_columns, index,
                             out_columns, out + (plane * out_rows + index) * out_columns);
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
