// BatchNormalization, InstanceNormalization, LRN, Softmax and LogSoftmax.
#include <numeric>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/operators.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

/// N x C x R x S for any value with channels.
Dimensions as_map(const Dimensions& dims) {
  if (dims.size() < 2 || element_count(dims) == 0)
    throw Error("its input is " + to_string(dims) + ", without channels");
  if (dims.size() == 4) return dims;
  std::int64_t plane = 1;
  for (std::size_t i = 2; i < dims.size(); ++i) plane *= dims[i];
  return {dims[0], dims[1], 1, plane};
}

std::vector<BoundParameter> channel_parameters(const NodeContext& node, std::size_t count,
                                               std::int64_t channels) {
  std::vector<BoundParameter> parameters;
  for (std::size_t i = 1; i <= count; ++i) {
    parameters.push_back(node.parameter(i, "parameters"));
    if (parameters.back().value.elements() != channels) {
      throw Error("its parameters are " + to_string(parameters.back().value.dims()) + " for " +
                  std::to_string(channels) + " channels");
    }
  }
  return parameters;
}

/// The convolution that alone makes this value, and which has no norm yet.
const Layer* convolution_in_front(const NodeContext& node, const Value& data) {
  if (!node.used_once(0)) return nullptr;
  const Layer* const layer = node.builder().producer(data);
  const Conv2dLayer* const conv = layer != nullptr ? layer->operation.as<Conv2dLayer>() : nullptr;
  return conv != nullptr && !conv->norm ? layer : nullptr;
}

Values import_batch_norm(NodeContext& node) {
  if (node.integer("training_mode", 0) != 0)
    throw Error("training mode cannot be run; export it for inference");
  const Value& input = node.input(0);
  const Value data = node.builder().reshaped(input, as_map(input.dims()));
  const BatchNorm2dLayer norm{.epsilon = node.decimal("epsilon", 1e-5)};
  std::vector<BoundParameter> parameters = channel_parameters(node, 4, data.dims()[1]);
  if (const Layer* const found = convolution_in_front(node, data)) {
    // One layer: the norm goes into the weights when they are loaded (engine/graph_optimizer.h).
    Layer layer = *found;
    const std::vector<BoundParameter>& own = node.builder().parameters(data.layer);
    parameters.insert(parameters.begin(), own.begin(), own.end());
    Conv2dLayer conv = layer.operation.get<Conv2dLayer>();
    conv.norm = norm;
    layer.operation = conv;
    const Shape channels{conv.out_channels};
    layer.parameters.insert(layer.parameters.end(),
                            {{"weight.norm", channels, ParameterKind::norm_scale, 1},
                             {"bias.norm", channels, ParameterKind::norm_shift, 1},
                             {"running_mean", channels, ParameterKind::running_mean, 1},
                             {"running_var", channels, ParameterKind::running_variance, 1}});
    return {node.builder().add(std::move(layer), std::move(parameters))};
  }
  const Value result = node.builder().add(norm, {node.builder().dense(data)}, std::move(parameters));
  return {node.builder().reshaped(result, input.dims())};
}

Values import_instance_norm(NodeContext& node) {
  const Value& input = node.input(0);
  const Dimensions map = as_map(input.dims());
  const std::int64_t planes = map[0] * map[1];
  const Value rows = node.builder().reshaped(input, {planes, input.elements() / planes});
  const RowNormLayer norm{.channels = map[1], .epsilon = node.decimal("epsilon", 1e-5)};
  const Value result =
      node.builder().add(norm, {node.builder().dense(rows)}, channel_parameters(node, 2, map[1]));
  return {node.builder().reshaped(result, input.dims())};
}

Values import_lrn(NodeContext& node) {
  const Value& input = node.input(0);
  const Value data = node.builder().reshaped(input, as_map(input.dims()));
  const LocalResponseNormLayer norm{.size = node.integer("size", 0),
                                    .alpha = node.decimal("alpha", 1e-4),
                                    .beta = node.decimal("beta", 0.75),
                                    .k = node.decimal("bias", 1)};
  const Value result = node.builder().add(norm, {node.builder().dense(data)});
  return {node.builder().reshaped(result, input.dims())};
}

/// Until opset 12 all dimensions from `axis` on are one row, later those along `axis` alone.
template <class Settings>
Values import_along(NodeContext& node) {
  const Value& input = node.input(0);
  const bool flattens = node.opset() < 13;
  const auto rank = static_cast<std::int64_t>(input.rank());
  const std::size_t axis = NodeContext::axis(node.integer("axis", flattens ? 1 : rank - 1), input.rank());
  if (input.elements() == 0) throw Error("its input has no elements");
  Value data = input;
  std::int64_t columns = 1;
  std::vector<std::int64_t> order(input.rank());
  std::iota(order.begin(), order.end(), 0);
  if (flattens) {
    for (std::size_t i = axis; i < input.rank(); ++i) columns *= input.dims()[i];
  } else {
    columns = input.dims()[axis];
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(axis));
    order.push_back(static_cast<std::int64_t>(axis));
    data = viewed(input, input.view.transposed(order));
  }
  const Value rows = node.builder().reshaped(data, {input.elements() / columns, columns});
  Value result = node.builder().add(Settings{}, {node.builder().dense(rows)});
  result = node.builder().reshaped(result, data.dims());
  std::vector<std::int64_t> back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    back[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  return {viewed(result, result.view.transposed(back))};
}

}  // namespace

std::span<const Operator> normalization_operators() {
  static constexpr Operator operators[] = {{"BatchNormalization", import_batch_norm},
                                           {"InstanceNormalization", import_instance_norm},
                                           {"LRN", import_lrn},
                                           {"LogSoftmax", import_along<LogSoftmaxLayer>},
                                           {"Softmax", import_along<SoftmaxLayer>}};
  return operators;
}

}  // namespace edge::onnx
