// The kernels of kernels/pooling.h forward; backward walks the same windows.
#include "engine/autograd/pooling.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/pooling.h"

namespace edge::autograd {
namespace {

/// The pixels begin, begin + step ... < end of the image that an output pixel sees along one axis.
struct Window {
  std::int64_t begin, end, step;
  std::int64_t padded;  ///< its size with the padding that it covers
};

Window window(std::int64_t index, std::int64_t in, std::int64_t kernel, std::int64_t stride,
              std::int64_t padding, std::int64_t dilation) {
  const std::int64_t begin = index * stride - padding;
  const std::int64_t end = begin + dilation * (kernel - 1) + 1;
  const std::int64_t skipped = begin < 0 ? (-begin + dilation - 1) / dilation * dilation : 0;
  return {begin + skipped, std::min(end, in), dilation, std::min(end, in + padding) - begin};
}

std::vector<Window> windows(std::int64_t out, std::int64_t in, std::int64_t kernel, std::int64_t stride,
                            std::int64_t padding, std::int64_t dilation) {
  std::vector<Window> result;
  for (std::int64_t i = 0; i < out; ++i) result.push_back(window(i, in, kernel, stride, padding, dilation));
  return result;
}

std::vector<Window> adaptive_windows(std::int64_t out, std::int64_t in) {
  std::vector<Window> result;
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t begin = i * in / out;
    const std::int64_t end = ((i + 1) * in + out - 1) / out;
    result.push_back({begin, end, 1, end - begin});
  }
  return result;
}

void check_pooling(const char* name, const Shape& x, const Extent2d& kernel, const Extent2d& stride,
                   const Extent2d& padding, const Extent2d& dilation) {
  const auto fail = [&](const std::string& why) {
    throw Error(std::string(name) + ": an input of " + x.to_string() + " and a window of " +
                to_string(kernel) + ": " + why);
  };
  if (x.rank() != 4) fail("needs rank 4 (NCHW)");
  try {
    check_window(x, kernel, stride, padding, dilation);
  } catch (const Error& error) {
    fail(error.what());
  }
  if (2 * padding.rows > kernel.rows || 2 * padding.columns > kernel.columns) {
    fail("padding " + to_string(padding) + " is more than half of it");
  }
}

/// share(in_plane, row window, column window, out_index of the plane) for each window of each plane, planes
/// on all threads.
template <class Share>
void for_each_window(kernels::ThreadPool& pool, std::int64_t planes, const std::vector<Window>& rows,
                     const std::vector<Window>& columns, const Share& share) {
  const auto outputs = static_cast<std::int64_t>(rows.size() * columns.size());
  constexpr std::int64_t grain = 4 * 1024;  // windows that are worth waking a thread for
  parallel_ranges(pool, planes, grain / std::max<std::int64_t>(outputs, 1) + 1,
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t plane = begin; plane < end; ++plane) {
                      std::int64_t out = plane * outputs;
                      for (const Window& row : rows) {
                        for (const Window& column : columns) share(plane, row, column, out++);
                      }
                    }
                  });
}

/// Each window's gradient, divided by its divisor, for each of its pixels.
Variable average(const Variable& x, Tensor out, std::vector<Window> rows, std::vector<Window> columns,
                 bool count_padding) {
  const auto backward = [rows = std::move(rows), columns = std::move(columns), count_padding](
                            const Tensor& gradient, std::span<const Variable> inputs) {
    const Shape& shape = inputs[0].shape();
    Tensor result = Tensor::zeros(shape);
    for_each_window(inputs[0].context().pool(), shape[0] * shape[1], rows, columns,
                    [&](std::int64_t plane, const Window& row, const Window& column, std::int64_t i) {
                      float* const image = result.data() + plane * shape[2] * shape[3];
                      const std::int64_t size = count_padding
                                                    ? row.padded * column.padded
                                                    : (row.end - row.begin) * (column.end - column.begin);
                      const float share = gradient.data()[i] / static_cast<float>(size);
                      for (std::int64_t r = row.begin; r < row.end; ++r) {
                        for (std::int64_t c = column.begin; c < column.end; ++c)
                          image[r * shape[3] + c] += share;
                      }
                    });
    inputs[0].add_gradient(std::move(result));
  };
  return {std::move(out), {x}, backward};
}

/// What windows of both kinds have in common.
template <class Layer>
kernels::Pool2dShape pool_shape(const Shape& input, const Layer& options) {
  return {.planes = input[0] * input[1],
          .in_rows = input[2],
          .in_columns = input[3],
          .kernel_rows = options.kernel.rows,
          .kernel_columns = options.kernel.columns,
          .stride_rows = options.stride.rows,
          .stride_columns = options.stride.columns,
          .padding_rows = options.padding.rows,
          .padding_columns = options.padding.columns,
          .ceil_mode = options.ceil_mode};
}

}  // namespace

Variable max_pool2d(const Variable& x, const MaxPool2dLayer& options) {
  check_pooling("max_pool2d", x.shape(), options.kernel, options.stride, options.padding, options.dilation);
  kernels::Pool2dShape pool = pool_shape(x.shape(), options);
  pool.dilation_rows = options.dilation.rows;
  pool.dilation_columns = options.dilation.columns;
  Tensor out({x.shape()[0], x.shape()[1], pool.out_rows(), pool.out_columns()});
  kernels::max_pool2d(x.context().isa(), pool, x.value().data(), out.data(), x.context().pool());
  const auto backward = [pool, in = x.value(), out](const Tensor& gradient,
                                                    std::span<const Variable> inputs) {
    const auto rows = windows(pool.out_rows(), pool.in_rows, pool.kernel_rows, pool.stride_rows,
                              pool.padding_rows, pool.dilation_rows);
    const auto columns = windows(pool.out_columns(), pool.in_columns, pool.kernel_columns,
                                 pool.stride_columns, pool.padding_columns, pool.dilation_columns);
    Tensor result = Tensor::zeros(in.shape());
    for_each_window(inputs[0].context().pool(), pool.planes, rows, columns,
                    [&](std::int64_t plane, const Window& row, const Window& column, std::int64_t i) {
                      const std::int64_t first = plane * pool.in_rows * pool.in_columns;
                      const float largest = out.data()[i];
                      for (std::int64_t r = row.begin; r < row.end; r += row.step) {
                        for (std::int64_t c = column.begin; c < column.end; c += column.step) {
                          const std::int64_t pixel = first + r * pool.in_columns + c;
                          const float value = in.data()[pixel];
                          if (value == largest || std::isnan(value)) {
                            result.data()[pixel] += gradient.data()[i];
                            return;
                          }
                        }
                      }
                    });
    inputs[0].add_gradient(std::move(result));
  };
  return {out, {x}, backward};
}

Variable average_pool2d(const Variable& x, const AveragePool2dLayer& options) {
  check_pooling("average_pool2d", x.shape(), options.kernel, options.stride, options.padding, {1, 1});
  kernels::Pool2dShape pool = pool_shape(x.shape(), options);
  pool.count_include_pad = options.count_include_pad;
  Tensor out({x.shape()[0], x.shape()[1], pool.out_rows(), pool.out_columns()});
  kernels::average_pool2d(x.context().isa(), pool, x.value().data(), out.data(), x.context().pool());
  return average(
      x, std::move(out),
      windows(pool.out_rows(), pool.in_rows, pool.kernel_rows, pool.stride_rows, pool.padding_rows, 1),
      windows(pool.out_columns(), pool.in_columns, pool.kernel_columns, pool.stride_columns,
              pool.padding_columns, 1),
      options.count_include_pad);
}

Variable adaptive_average_pool2d(const Variable& x, const Extent2d& output) {
  check_pooling("adaptive_average_pool2d", x.shape(), {1, 1}, output, {0, 0}, {1, 1});
  const Shape& shape = x.shape();
  Tensor out({shape[0], shape[1], output.rows, output.columns});
  kernels::adaptive_average_pool2d(x.context().isa(), shape[0] * shape[1], shape[2], shape[3], output.rows,
                                   output.columns, x.value().data(), out.data(), x.context().pool());
  return average(x, std::move(out), adaptive_windows(output.rows, shape[2]),
                 adaptive_windows(output.columns, shape[3]), false);
}

}  // namespace edge::autograd
