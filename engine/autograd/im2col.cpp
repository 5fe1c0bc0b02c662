#include "engine/autograd/im2col.h"

#include <algorithm>

#include "engine/layers/operation_type.h"

namespace edge::autograd {
namespace {

/// The output pixels [begin, end) along one axis whose kernel element at `offset` lies inside the image.
struct Inside {
  std::int64_t begin, end;
};

Inside inside(std::int64_t in, std::int64_t out, std::int64_t stride, std::int64_t offset) {
  // 0 <= i * stride + offset < in
  const std::int64_t begin = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const std::int64_t end = offset >= in ? 0 : (in - 1 - offset) / stride + 1;
  return {std::min(begin, out), std::max(std::min(end, out), std::min(begin, out))};
}

/// An element of the kernel: the image pixel that it sees is output pixel * stride + offset, and which output
/// pixels see the image through it at all.
struct Element {
  std::int64_t row_offset, column_offset;
  Inside rows, columns;
};

Element element(const kernels::Conv2dShape& shape, std::int64_t kernel_row, std::int64_t kernel_column) {
  Element result{};
  result.row_offset = kernel_row * shape.dilation_rows - shape.padding_rows;
  result.column_offset = kernel_column * shape.dilation_columns - shape.padding_columns;
  result.rows = inside(shape.in_rows, shape.out_rows(), shape.stride_rows, result.row_offset);
  result.columns = inside(shape.in_columns, shape.out_columns(), shape.stride_columns, result.column_offset);
  return result;
}

constexpr std::int64_t copy_grain = 16 * 1024;  // floats that are worth waking a thread for

}  // namespace

void im2col(const kernels::Conv2dShape& shape, std::int64_t channels, const float* image, float* columns,
            kernels::ThreadPool& pool) {
  const std::int64_t taps = shape.kernel_rows * shape.kernel_columns;
  const std::int64_t width = shape.out_columns();
  const std::int64_t pixels = shape.out_rows() * width;
  parallel_ranges(
      pool, channels * taps, copy_grain / std::max<std::int64_t>(pixels, 1) + 1,
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t k = begin; k < end; ++k) {
          const float* const plane = image + k / taps * shape.in_rows * shape.in_columns;
          float* const to = columns + k * pixels;
          const Element at = element(shape, k % taps / shape.kernel_columns, k % shape.kernel_columns);
          std::fill(to, to + at.rows.begin * width, 0.0F);
          std::fill(to + at.rows.end * width, to + pixels, 0.0F);
          for (std::int64_t row = at.rows.begin; row < at.rows.end; ++row) {
            const float* const line =
                plane + (row * shape.stride_rows + at.row_offset) * shape.in_columns + at.column_offset;
            float* const out = to + row * width;
            std::fill(out, out + at.columns.begin, 0.0F);
            for (std::int64_t column = at.columns.begin; column < at.columns.end; ++column) {
              out[column] = line[column * shape.stride_columns];
            }
            std::fill(out + at.columns.end, out + width, 0.0F);
          }
        }
      });
}

void col2im(const kernels::Conv2dShape& shape, std::int64_t channels, const float* columns, float* image,
            kernels::ThreadPool& pool) {
  const std::int64_t taps = shape.kernel_rows * shape.kernel_columns;
  const std::int64_t width = shape.out_columns();
  const std::int64_t pixels = shape.out_rows() * width;
  // A channel belongs to one thread, and its elements are added in one order.
  parallel_ranges(
      pool, channels, copy_grain / std::max<std::int64_t>(pixels * taps, 1) + 1,
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t k = begin * taps; k < end * taps; ++k) {
          float* const plane = image + k / taps * shape.in_rows * shape.in_columns;
          const float* const from = columns + k * pixels;
          const Element at = element(shape, k % taps / shape.kernel_columns, k % shape.kernel_columns);
          for (std::int64_t row = at.rows.begin; row < at.rows.end; ++row) {
            float* const line =
                plane + (row * shape.stride_rows + at.row_offset) * shape.in_columns + at.column_offset;
            const float* const values = from + row * width;
            for (std::int64_t column = at.columns.begin; column < at.columns.end; ++column) {
              line[column * shape.stride_columns] += values[column];
            }
          }
        }
      });
}

}  // namespace edge::autograd
