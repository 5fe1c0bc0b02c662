#include "engine/onnx/operators/affine_folding.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace edge::onnx {
namespace {

/// x times scale plus shift: one number for all, or one per channel.
struct Affine {
  std::vector<double> scale{1};
  std::vector<double> shift{0};

  double scale_of(std::size_t channel) const { return scale.size() == 1 ? scale[0] : scale[channel]; }
  double shift_of(std::size_t channel) const { return shift.size() == 1 ? shift[0] : shift[channel]; }
};

/// The constant's numbers, if there is one for all of the data or one per channel, and the result has the
/// data's extents.
std::optional<std::vector<double>> channel_numbers(const Value& constant, const Value& data) {
  if (constant.rank() > data.rank() || constant.elements() == 0) return std::nullopt;
  const std::size_t missing = data.rank() - constant.rank();
  for (std::size_t axis = 0; axis < constant.rank(); ++axis) {
    const std::int64_t extent = constant.dims()[axis];
    const bool per_channel = axis + missing == 1 && extent == data.dims()[1];
    if (extent != 1 && !per_channel) return std::nullopt;
  }
  return numbers_of(constant, GraphBuilder::most_elements);
}

std::optional<Affine> affine_of(BinaryFunction function, const Value& constant, bool constant_first,
                                const Value& data) {
  const auto numbers = channel_numbers(constant, data);
  if (!numbers) return std::nullopt;
  Affine affine;
  switch (function) {
    case BinaryFunction::add:
      affine.shift = *numbers;
      break;
    case BinaryFunction::subtract:
      affine.shift = *numbers;
      affine.scale = {constant_first ? -1.0 : 1.0};
      if (!constant_first) {
        for (double& number : affine.shift) number = -number;
      }
      break;
    case BinaryFunction::multiply:
      affine.scale = *numbers;
      break;
    case BinaryFunction::divide:
      if (constant_first) return std::nullopt;
      affine.scale = *numbers;
      for (double& number : affine.scale) number = 1 / number;
      break;
    default:
      return std::nullopt;
  }
  const auto finite = [](double number) { return std::abs(number) < 1e30; };
  const bool all_finite = std::all_of(affine.scale.begin(), affine.scale.end(), finite) &&
                          std::all_of(affine.shift.begin(), affine.shift.end(), finite);
  return all_finite ? std::optional(affine) : std::nullopt;
}

BoundParameter per_channel(std::int64_t channels, const auto& number_of) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < channels; ++i) numbers.push_back(number_of(static_cast<std::size_t>(i)));
  return {constant_value(Constant::from_numbers(DataType::float32, {channels}, numbers))};
}

std::vector<double> numbers_of(const BoundParameter& parameter) {
  return onnx::numbers_of(parameter.value, GraphBuilder::most_elements);
}

/// By the batch norm behind the convolution, which goes into the weights when they are loaded.
Value folded_convolution(NodeContext& node, const Layer& found, LayerIndex index, const Affine& affine) {
  Layer layer = found;
  std::vector<BoundParameter> parameters = node.builder().parameters(index);
  Conv2dLayer conv = layer.operation.get<Conv2dLayer>();
  const std::int64_t channels = conv.out_channels;
  node.builder().count_computed(4 * channels);
  if (conv.norm) {
    const std::size_t first = conv.bias ? 2 : 1;
    const std::vector<double> scale = numbers_of(parameters[first]);
    const std::vector<double> shift = numbers_of(parameters[first + 1]);
    parameters[first] = per_channel(channels, [&](std::size_t c) { return scale[c] * affine.scale_of(c); });
    parameters[first + 1] = per_channel(
        channels, [&](std::size_t c) { return shift[c] * affine.scale_of(c) + affine.shift_of(c); });
  } else {
    conv.norm = BatchNorm2dLayer{.epsilon = 0};
    layer.operation = conv;
    const Shape shape{channels};
    layer.parameters.insert(layer.parameters.end(),
                            {{"weight.norm", shape, ParameterKind::norm_scale, 1},
                             {"bias.norm", shape, ParameterKind::norm_shift, 1},
                             {"running_mean", shape, ParameterKind::running_mean, 1},
                             {"running_var", shape, ParameterKind::running_variance, 1}});
    parameters.push_back(per_channel(channels, [&](std::size_t c) { return affine.scale_of(c); }));
    parameters.push_back(per_channel(channels, [&](std::size_t c) { return affine.shift_of(c); }));
    parameters.push_back(per_channel(channels, [](std::size_t) { return 0.0; }));
    parameters.push_back(per_channel(channels, [](std::size_t) { return 1.0; }));
  }
  return node.builder().add(std::move(layer), std::move(parameters));
}

std::optional<Activation> activation_of(const Layer& layer) {
  if (layer.operation.is<ReluLayer>()) return Activation::relu();
  if (layer.operation.is<Relu6Layer>()) return Activation::relu6();
  const auto* const settings = layer.operation.as<ActivationLayer>();
  return settings != nullptr ? std::optional(settings->activation) : std::nullopt;
}

}  // namespace

std::optional<Value> fold_affine(NodeContext& node, BinaryFunction function, const Value& a, const Value& b) {
  const bool constant_first = a.is_constant();
  if (constant_first == b.is_constant()) return std::nullopt;
  const Value& constant = constant_first ? a : b;
  const Value& data = constant_first ? b : a;
  if (!is_floating(data.type) || !node.used_once(constant_first ? 1 : 0)) return std::nullopt;
  const Layer* const layer = node.builder().producer(data);
  if (layer == nullptr) return std::nullopt;
  const auto affine = affine_of(function, constant, constant_first, data);
  if (!affine) return std::nullopt;
  if (layer->operation.is<Conv2dLayer>()) {
    // The beginning of a hard sigmoid, which is recognised as a whole.
    if (function == BinaryFunction::add && affine->shift == std::vector{3.0}) return std::nullopt;
    return folded_convolution(node, *layer, data.layer, *affine);
  }
  const std::optional<Activation> activation = activation_of(*layer);
  if (!activation || affine->scale.size() != 1 || affine->shift.size() != 1) return std::nullopt;
  const double scale = double{activation->scale} * affine->scale[0];
  const double shift = double{activation->shift} * affine->scale[0] + affine->shift[0];
  return node.builder().add(
      ActivationLayer{activation->scaled(static_cast<float>(scale), static_cast<float>(shift))},
      {layer->inputs[0]});
}

}  // namespace edge::onnx
