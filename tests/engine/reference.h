// The engine's truth for tests: every operation straight from its definition (PyTorch's), in double
// precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "engine/executor.h"
#include "engine/graph.h"
#include "engine/weights.h"

namespace edge::test {

using Values = std::vector<double>;

inline Values to_values(const Array& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

/// Evaluates one layer. `inputs` are the outputs of its input layers.
class ReferenceLayer {
 public:
  ReferenceLayer(const Graph& graph, LayerIndex index, const WeightSource& weights,
                 std::vector<Values> inputs)
      : layer_(graph.layer(index)), inputs_(std::move(inputs)), output_shape_(layer_.output_shape) {
    for (const LayerIndex input : layer_.inputs) shapes_.push_back(graph.layer(input).output_shape);
    for (const ParameterSpec& parameter : layer_.parameters)
      parameters_.push_back(to_values(weights.load(parameter)));
    output_.resize(static_cast<std::size_t>(output_shape_.elements()));
  }

  Values run() {
    compute_any(AllOperations{});
    return output_;
  }

 private:
  template <class... Settings>
  void compute_any(OperationList<Settings...> /*all*/) {
    (compute_if<Settings>(), ...);
  }
  template <class Settings>
  void compute_if() {
    if (const auto* settings = layer_.operation.as<Settings>()) compute(*settings);
  }

  using Size = std::int64_t;

  static std::size_t at(const Shape& shape, Size n, Size c, Size y, Size x) {
    return static_cast<std::size_t>(((n * shape[1] + c) * shape[2] + y) * shape[3] + x);
  }
  double input(Size n, Size c, Size y, Size x) const { return inputs_[0][at(shapes_[0], n, c, y, x)]; }
  double& output(Size n, Size c, Size y, Size x) { return output_[at(output_shape_, n, c, y, x)]; }

  template <class Task>
  void for_each_output(Task task) {
    for (Size n = 0; n < output_shape_[0]; ++n)
      for (Size c = 0; c < output_shape_[1]; ++c)
        for (Size y = 0; y < output_shape_[2]; ++y)
          for (Size x = 0; x < output_shape_[3]; ++x) output(n, c, y, x) = task(n, c, y, x);
  }

  void compute(const InputLayer&) {}
  void compute(const FlattenLayer&) { output_ = inputs_[0]; }
  void compute(const DropoutLayer&) { output_ = inputs_[0]; }
  void compute(const ReluLayer&) {
    std::transform(inputs_[0].begin(), inputs_[0].end(), output_.begin(),
                   [](double x) { return std::max(x, 0.0); });
  }
  void compute(const Relu6Layer&) {
    std::transform(inputs_[0].begin(), inputs_[0].end(), output_.begin(),
                   [](double x) { return std::clamp(x, 0.0, 6.0); });
  }
  void compute(const ActivationLayer& layer) {
    std::transform(inputs_[0].begin(), inputs_[0].end(), output_.begin(), [&](double x) {
      return activated(layer.activation, x) * double{layer.activation.scale} + double{layer.activation.shift};
    });
  }
  static double activated(const Activation& activation, double x) {
    using Kind = Activation::Kind;
    const double a = double{activation.a};
    const double b = double{activation.b};
    const double sigmoid = 1 / (1 + std::exp(-x));
    switch (activation.kind) {
      case Kind::none:
        return x;
      case Kind::clamp:
        return std::min(std::max(x, a), b);
      case Kind::leaky_relu:
        return x < 0 ? a * x : x;
      case Kind::elu:
        return x < 0 ? a * std::expm1(x) : x;
      case Kind::sigmoid:
        return sigmoid;
      case Kind::hard_sigmoid:
        return std::clamp(a * x + b, 0.0, 1.0);
      case Kind::hard_swish:
        return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
      case Kind::silu:
        return x * sigmoid;
      case Kind::mish:
        return x * std::tanh(std::log1p(std::exp(x)));
      case Kind::tanh:
        return std::tanh(x);
    }
    return x;
  }
  void compute(const SliceLayer& slice) {
    const auto axis = static_cast<std::size_t>(slice.axis);
    Size inner = 1;
    for (std::size_t i = axis + 1; i < shapes_[0].rank(); ++i) inner *= shapes_[0][i];
    for (std::size_t i = 0; i < output_.size(); ++i) {
      const Size outer = static_cast<Size>(i) / inner / slice.count;
      const Size at = static_cast<Size>(i) / inner % slice.count + slice.begin;
      const Size from = (outer * shapes_[0][axis] + at) * inner + static_cast<Size>(i) % inner;
      output_[i] = inputs_[0][static_cast<std::size_t>(from)];
    }
  }
  void compute(const LocalResponseNormLayer& norm) {
    for_each_output([&](Size n, Size c, Size y, Size x) {
      double sum = 0;
      for (Size i = c - norm.size / 2; i < c - norm.size / 2 + norm.size; ++i) {
        if (i >= 0 && i < shapes_[0][1]) sum += input(n, i, y, x) * input(n, i, y, x);
      }
      const double mean = sum / static_cast<double>(norm.size);
      return input(n, c, y, x) / std::pow(norm.k + norm.alpha * mean, norm.beta);
    });
  }
  void compute(const AddLayer&) {
    std::transform(inputs_[0].begin(), inputs_[0].end(), inputs_[1].begin(), output_.begin(), std::plus<>());
  }

  void compute(const Conv2dLayer& conv) {
    const Size in_per_group = shapes_[0][1] / conv.groups;
    const Size out_per_group = conv.out_channels / conv.groups;
    for_each_output([&](Size n, Size c, Size y, Size x) {
      double sum = conv.bias ? parameters_[1][static_cast<std::size_t>(c)] : 0.0;
      for (Size i = 0; i < in_per_group; ++i)
        for (Size ky = 0; ky < conv.kernel.rows; ++ky)
          for (Size kx = 0; kx < conv.kernel.columns; ++kx) {
            const Size iy = y * conv.stride.rows - conv.padding.rows + ky * conv.dilation.rows;
            const Size ix = x * conv.stride.columns - conv.padding.columns + kx * conv.dilation.columns;
            if (iy < 0 || ix < 0 || iy >= shapes_[0][2] || ix >= shapes_[0][3]) continue;
            const Size weight = ((c * in_per_group + i) * conv.kernel.rows + ky) * conv.kernel.columns + kx;
            sum += parameters_[0][static_cast<std::size_t>(weight)] *
                   input(n, c / out_per_group * in_per_group + i, iy, ix);
          }
      return conv.norm ? normalise(sum, *conv.norm, conv.bias ? 2 : 1, static_cast<std::size_t>(c)) : sum;
    });
  }

  void compute(const MaxPool2dLayer& pool) {
    for_each_output([&](Size n, Size c, Size y, Size x) {
      double largest = -std::numeric_limits<double>::infinity();
      for (Size ky = 0; ky < pool.kernel.rows; ++ky)
        for (Size kx = 0; kx < pool.kernel.columns; ++kx) {
          const Size iy = y * pool.stride.rows - pool.padding.rows + ky * pool.dilation.rows;
          const Size ix = x * pool.stride.columns - pool.padding.columns + kx * pool.dilation.columns;
          if (iy < 0 || ix < 0 || iy >= shapes_[0][2] || ix >= shapes_[0][3]) continue;
          largest = std::max(largest, input(n, c, iy, ix));
        }
      return largest;
    });
  }

  void compute(const AveragePool2dLayer& pool) {
    for_each_output([&](Size n, Size c, Size y, Size x) {
      const Size rows = shapes_[0][2];
      const Size columns = shapes_[0][3];
      Size top = y * pool.stride.rows - pool.padding.rows;
      Size left = x * pool.stride.columns - pool.padding.columns;
      Size bottom = std::min(top + pool.kernel.rows, rows + pool.padding.rows);
      Size right = std::min(left + pool.kernel.columns, columns + pool.padding.columns);
      const Size padded_area = (bottom - top) * (right - left);
      top = std::max<Size>(top, 0);
      left = std::max<Size>(left, 0);
      bottom = std::min(bottom, rows);
      right = std::min(right, columns);
      const Size divisor = pool.count_include_pad ? padded_area : (bottom - top) * (right - left);
      return sum(n, c, top, bottom, left, right) / static_cast<double>(divisor);
    });
  }

  void compute(const AdaptiveAveragePool2dLayer& pool) {
    const auto first = [](Size i, Size in, Size out) { return i * in / out; };
    const auto last = [](Size i, Size in, Size out) { return ((i + 1) * in + out - 1) / out; };
    for_each_output([&](Size n, Size c, Size y, Size x) {
      const Size top = first(y, shapes_[0][2], pool.output.rows);
      const Size bottom = last(y, shapes_[0][2], pool.output.rows);
      const Size left = first(x, shapes_[0][3], pool.output.columns);
      const Size right = last(x, shapes_[0][3], pool.output.columns);
      return sum(n, c, top, bottom, left, right) / static_cast<double>((bottom - top) * (right - left));
    });
  }

  double sum(Size n, Size c, Size top, Size bottom, Size left, Size right) const {
    double total = 0;
    for (Size y = top; y < bottom; ++y)
      for (Size x = left; x < right; ++x) total += input(n, c, y, x);
    return total;
  }

  /// `first`: the norm's parameters among the layer's.
  double normalise(double x, const BatchNorm2dLayer& norm, std::size_t first, std::size_t channel) const {
    const double deviation = std::sqrt(parameters_[first + 3][channel] + norm.epsilon);
    return (x - parameters_[first + 2][channel]) / deviation * parameters_[first][channel] +
           parameters_[first + 1][channel];
  }
  void compute(const BatchNorm2dLayer& norm) {
    for_each_output([&](Size n, Size c, Size y, Size x) {
      return normalise(input(n, c, y, x), norm, 0, static_cast<std::size_t>(c));
    });
  }
  void compute(const ChannelScaleLayer& layer) {
    for_each_output([&](Size n, Size c, Size y, Size x) {
      const auto channel = static_cast<std::size_t>(c);
      return input(n, c, y, x) * layer.scale[channel] + layer.shift[channel];
    });
  }

  void compute(const LinearLayer& linear) {
    const auto in_features = static_cast<std::size_t>(shapes_[0][1]);
    const auto out_features = static_cast<std::size_t>(linear.out_features);
    for (std::size_t i = 0; i < output_.size(); ++i) {
      const std::size_t n = i / out_features;
      const std::size_t o = i % out_features;
      double total = linear.bias ? parameters_[1][o] : 0.0;
      for (std::size_t k = 0; k < in_features; ++k) {
        total += inputs_[0][n * in_features + k] * parameters_[0][o * in_features + k];
      }
      output_[i] = total;
    }
  }

  void compute(const ConcatLayer&) {
    for_each_output([&](Size n, Size c, Size y, Size x) {
      std::size_t source = 0;
      while (c >= shapes_[source][1]) c -= shapes_[source++][1];
      return inputs_[source][at(shapes_[source], n, c, y, x)];
    });
  }

  void compute(const SoftmaxLayer&) {
    const auto columns = static_cast<std::ptrdiff_t>(shapes_[0][1]);
    for (auto row = inputs_[0].begin(); row != inputs_[0].end(); row += columns) {
      const double largest = *std::max_element(row, row + columns);
      double total = 0;
      for (auto x = row; x != row + columns; ++x) total += std::exp(*x - largest);
      auto out = output_.begin() + (row - inputs_[0].begin());
      for (auto x = row; x != row + columns; ++x) *out++ = std::exp(*x - largest) / total;
    }
  }

  const Layer& layer_;
  std::vector<Values> inputs_;
  std::vector<Shape> shapes_;
  std::vector<Values> parameters_;
  Shape output_shape_;
  Values output_;
};

/// The outputs of all layers.
inline std::vector<Values> run_reference(const Graph& graph, const WeightSource& weights,
                                         const Tensor& frame) {
  std::vector<Values> outputs{to_values(frame)};
  for (LayerIndex index = 1; index < graph.size(); ++index) {
    std::vector<Values> inputs;
    for (const LayerIndex input : graph.layer(index).inputs)
      inputs.push_back(outputs[static_cast<std::size_t>(input)]);
    outputs.push_back(ReferenceLayer(graph, index, weights, std::move(inputs)).run());
  }
  return outputs;
}

}  // namespace edge::test
