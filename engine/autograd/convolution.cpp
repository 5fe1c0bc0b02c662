// The output comes from the convolution of inference (kernels/conv2d.h: Winograd where it pays, no matrix of
// the whole image), and so does the input's gradient where the stride is 1: it is the convolution of the
// output's gradient with the turned kernels. The other gradients are matrix products per image and group:
// weights += gradient * columns^T with columns from im2col, and columns = weights^T * gradient, spread by
// col2im.
#include "engine/autograd/convolution.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/autograd/im2col.h"
#include "engine/autograd/lane_sum.h"
#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/conv2d.h"
#include "kernels/gemm.h"

namespace edge::autograd {
namespace {

using kernels::Conv2dShape;
using kernels::Transpose;

Conv2dShape check_shapes(const Shape& x, const Shape& weight, const Variable& bias,
                         const Conv2dOptions& options) {
  const auto fail = [&](const std::string& why) {
    throw Error("conv2d: an input of " + x.to_string() + " and weights of " + weight.to_string() + ": " +
                why);
  };
  if (x.rank() != 4 || weight.rank() != 4) fail("both need rank 4");
  if (options.groups < 1 || weight[0] % options.groups != 0) {
    fail("the output channels do not divide into " + std::to_string(options.groups) + " groups");
  }
  if (x[1] % options.groups != 0 || x[1] / options.groups != weight[1]) {
    fail("the channels do not fit with " + std::to_string(options.groups) + " groups");
  }
  if (bias.defined() && bias.shape() != Shape{weight[0]}) fail("the bias has " + bias.shape().to_string());
  try {
    check_window(x, {weight[2], weight[3]}, options.stride, options.padding, options.dilation);
  } catch (const Error& error) {
    fail(error.what());
  }
  return {.batch = x[0],
          .in_channels = x[1],
          .in_rows = x[2],
          .in_columns = x[3],
          .out_channels = weight[0],
          .kernel_rows = weight[2],
          .kernel_columns = weight[3],
          .stride_rows = options.stride.rows,
          .stride_columns = options.stride.columns,
          .padding_rows = options.padding.rows,
          .padding_columns = options.padding.columns,
          .dilation_rows = options.dilation.rows,
          .dilation_columns = options.dilation.columns,
          .groups = options.groups};
}

/// The matrix product of one image and group: out[m x n] = weights[m x k] * columns[k x n].
struct Product {
  explicit Product(const Conv2dShape& its_shape)
      : shape(its_shape),
        channels(shape.in_channels / shape.groups),
        m(shape.out_channels / shape.groups),
        n(shape.out_rows() * shape.out_columns()),
        k(channels * shape.kernel_rows * shape.kernel_columns),
        pixels(shape.in_rows * shape.in_columns),
        // A 1x1 convolution's columns are its image.
        direct(shape.kernel_rows == 1 && shape.kernel_columns == 1 && shape.stride_rows == 1 &&
               shape.stride_columns == 1 && shape.padding_rows == 0 && shape.padding_columns == 0) {}

  Conv2dShape shape;
  std::int64_t channels, m, n, k, pixels;
  bool direct;

  std::int64_t count() const { return shape.batch * shape.groups; }  ///< products, the group running faster
  std::int64_t image(std::int64_t i) const { return i * channels * pixels; }
  std::int64_t output(std::int64_t i) const { return i * m * n; }
  std::int64_t weights(std::int64_t i) const { return i % shape.groups * m * k; }
  Tensor buffer() const { return direct ? Tensor() : Tensor({k, n}); }

  const float* columns(const Tensor& x, std::int64_t i, Tensor& buffer, kernels::ThreadPool& pool) const {
    if (direct) return x.data() + image(i);
    im2col(shape, channels, x.data() + image(i), buffer.data(), pool);
    return buffer.data();
  }
};

/// All images at once. `weights` as the shape says; `bias` may be null.
void convolve(const Conv2dShape& shape, const float* in, const float* weights, const float* bias, float* out,
              const Context& context) {
  const kernels::PackedConv2d convolution(shape, weights, context.isa());
  Tensor workspace({static_cast<std::int64_t>(convolution.workspace_floats(context.pool().threads()))});
  convolution.run(in, out, {.bias = bias}, workspace.values(), context.pool());
}

/// The convolution that makes the input's gradient from the output's, if there is one: of stride 1, with no
/// more padding than the kernel covers.
std::optional<Conv2dShape> turned(const Conv2dShape& shape) {
  const std::int64_t rows = shape.dilation_rows * (shape.kernel_rows - 1) - shape.padding_rows;
  const std::int64_t columns = shape.dilation_columns * (shape.kernel_columns - 1) - shape.padding_columns;
  if (shape.stride_rows != 1 || shape.stride_columns != 1 || rows < 0 || columns < 0) return std::nullopt;
  Conv2dShape result = shape;
  result.in_channels = shape.out_channels;
  result.in_rows = shape.out_rows();
  result.in_columns = shape.out_columns();
  result.out_channels = shape.in_channels;
  result.padding_rows = rows;
  result.padding_columns = columns;
  return result;
}

/// [out x in/groups x taps] to [in x out/groups x taps], each kernel turned by half a circle.
Tensor turn_weights(const Conv2dShape& shape, const Tensor& weight) {
  const std::int64_t taps = shape.kernel_rows * shape.kernel_columns;
  const std::int64_t from = shape.in_channels / shape.groups;
  const std::int64_t to = shape.out_channels / shape.groups;
  Tensor result({shape.in_channels, to, shape.kernel_rows, shape.kernel_columns});
  for (std::int64_t out = 0; out < shape.out_channels; ++out) {
    for (std::int64_t in = 0; in < from; ++in) {
      const float* const kernel = weight.data() + (out * from + in) * taps;
      float* const target = result.data() + ((out / to * from + in) * to + out % to) * taps;
      std::reverse_copy(kernel, kernel + taps, target);
    }
  }
  return result;
}

Tensor input_gradient(const Product& p, const Tensor& gradient, const Tensor& weight, const Shape& input,
                      const Context& context) {
  kernels::ThreadPool& pool = context.pool();
  if (const std::optional<Conv2dShape> shape = turned(p.shape)) {
    Tensor result(input);
    convolve(*shape, gradient.data(), turn_weights(p.shape, weight).data(), nullptr, result.data(), context);
    return result;
  }
  Tensor result = Tensor::zeros(input);
  Tensor buffer = p.buffer();
  for (std::int64_t i = 0; i < p.count(); ++i) {
    float* const image = result.data() + p.image(i);
    float* const columns = p.direct ? image : buffer.data();
    kernels::sgemm(Transpose::yes, Transpose::no, p.k, p.n, p.m, 1, weight.data() + p.weights(i), p.k,
                   gradient.data() + p.output(i), p.n, 0, columns, p.n, pool);
    if (!p.direct) col2im(p.shape, p.channels, columns, image, pool);
  }
  return result;
}

Tensor weight_gradient(const Product& p, const Tensor& gradient, const Tensor& x, const Shape& weight,
                       kernels::ThreadPool& pool) {
  Tensor result = Tensor::zeros(weight);
  Tensor buffer = p.buffer();
  for (std::int64_t i = 0; i < p.count(); ++i) {
    kernels::sgemm(Transpose::no, Transpose::yes, p.m, p.k, p.n, 1, gradient.data() + p.output(i), p.n,
                   p.columns(x, i, buffer, pool), p.n, 1, result.data() + p.weights(i), p.k, pool);
  }
  return result;
}

Tensor bias_gradient(const Product& p, const Tensor& gradient) {
  Tensor result({p.shape.out_channels});
  for (std::int64_t channel = 0; channel < p.shape.out_channels; ++channel) {
    double sum = 0;
    for (std::int64_t image = 0; image < p.shape.batch; ++image) {
      const float* const plane = gradient.data() + (image * p.shape.out_channels + channel) * p.n;
      sum += sum_in_lanes(p.n, [plane](std::int64_t i) { return double{plane[i]}; });
    }
    result.data()[channel] = static_cast<float>(sum);
  }
  return result;
}

}  // namespace

Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias,
                const Conv2dOptions& options) {
  const Product p(check_shapes(x.shape(), weight.shape(), bias, options));
  Tensor out({p.shape.batch, p.shape.out_channels, p.shape.out_rows(), p.shape.out_columns()});
  convolve(p.shape, x.value().data(), weight.value().data(), bias.defined() ? bias.value().data() : nullptr,
           out.data(), x.context());
  std::vector<Variable> operands{x, weight};
  if (bias.defined()) operands.push_back(bias);
  const auto backward = [p, in = x.value(), by = weight.value()](const Tensor& gradient,
                                                                 std::span<const Variable> inputs) {
    const Context& context = inputs[0].context();
    if (inputs[0].requires_gradient()) {
      inputs[0].add_gradient(input_gradient(p, gradient, by, in.shape(), context));
    }
    if (inputs[1].requires_gradient()) {
      inputs[1].add_gradient(weight_gradient(p, gradient, in, by.shape(), context.pool()));
    }
    if (inputs.size() > 2 && inputs[2].requires_gradient()) {
      inputs[2].add_gradient(bias_gradient(p, gradient));
    }
  };
  return {std::move(out), std::move(operands), backward};
}

}  // namespace edge::autograd
