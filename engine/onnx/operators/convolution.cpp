// Conv and ConvTranspose, of one or two dimensions.
#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/operators.h"
#include "engine/onnx/operators/window.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

/// The spatial extents of weights.
std::vector<std::int64_t> kernel_of(const Value& weights, std::size_t dimensions) {
  if (weights.rank() != dimensions + 2) throw Error("its weights are " + to_string(weights.dims()));
  return {weights.dims().begin() + 2, weights.dims().end()};
}

std::vector<BoundParameter> parameters_of(const NodeContext& node, std::int64_t out_channels) {
  std::vector<BoundParameter> parameters{node.parameter(1, "weights")};
  if (node.has(2)) {
    parameters.push_back(node.parameter(2, "bias"));
    if (parameters.back().value.elements() != out_channels) {
      throw Error("its bias is " + to_string(parameters.back().value.dims()) + " for " +
                  std::to_string(out_channels) + " channels");
    }
  }
  return parameters;
}

Values import_conv(NodeContext& node) {
  const Value& input = node.input(0);
  const std::size_t dimensions = spatial_dimensions(input.dims());
  const Value& weights = node.known(1, "weights");
  const std::vector<std::int64_t> kernel = kernel_of(weights, dimensions);
  Window window = window_of(node, input.dims(), kernel);
  if (window.kernel != extent(kernel)) throw Error("its kernel_shape is not that of its weights");
  const Value data = without_padding(node, with_rows(node, input), {0.0F}, window);
  const std::int64_t groups = node.integer("group", 1);
  if (groups < 1 || data.dims()[1] % groups != 0 || weights.dims()[1] != data.dims()[1] / groups) {
    throw Error("its weights are " + to_string(weights.dims()) + " for " + std::to_string(data.dims()[1]) +
                " channels in " + std::to_string(groups) + " groups");
  }
  const Conv2dLayer conv{
      .out_channels = weights.dims()[0],
      .kernel = window.kernel,
      .stride = window.stride,
      .padding = window.begin,
      .dilation = window.dilation,
      .groups = groups,
      .bias = node.has(2),
      .extra = {window.end.rows - window.begin.rows, window.end.columns - window.begin.columns}};
  const Value result =
      node.builder().add(conv, {node.builder().dense(data)}, parameters_of(node, conv.out_channels));
  return {as_before(node, result, input)};
}

/// Rows or columns of the output of a transposed convolution, and what is cut off in front of it.
struct Reach {
  std::int64_t output = 0;
  std::int64_t cut = 0;
};

Reach reach_of(const NodeContext& node, std::size_t dimension, std::size_t dimensions, std::int64_t in,
               std::int64_t kernel) {
  const std::int64_t stride = spatial(node, "strides", dimensions, 1)[dimension];
  const std::int64_t dilation = spatial(node, "dilations", dimensions, 1)[dimension];
  const std::int64_t more = spatial(node, "output_padding", dimensions, 0)[dimension];
  if (stride < 1 || dilation < 1 || more >= std::max(stride, dilation)) throw Error("its strides do not fit");
  const std::int64_t whole = stride * (in - 1) + more + dilation * (kernel - 1) + 1;
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (node.integers("output_shape") || automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    std::vector<std::int64_t> wanted(dimensions, in * stride);
    if (const auto given = node.integers("output_shape")) {
      if (given->size() < dimensions) throw Error("its output_shape does not fit");
      wanted.assign(given->end() - static_cast<std::ptrdiff_t>(dimensions), given->end());
    }
    const std::int64_t total = std::max<std::int64_t>(whole - wanted[dimension], 0);
    return {wanted[dimension], automatic == "SAME_UPPER" ? total / 2 : total - total / 2};
  }
  const std::vector<std::int64_t> pads = automatic == "NOTSET" ? spatial(node, "pads", 2 * dimensions, 0)
                                                               : std::vector<std::int64_t>(2 * dimensions, 0);
  return {whole - pads[dimension] - pads[dimension + dimensions], pads[dimension]};
}

Values import_conv_transpose(NodeContext& node) {
  const Value& input = node.input(0);
  const std::size_t dimensions = spatial_dimensions(input.dims());
  const Value& weights = node.known(1, "weights");
  const std::vector<std::int64_t> kernel = kernel_of(weights, dimensions);
  const Value data = with_rows(node, input);
  const std::int64_t groups = node.integer("group", 1);
  if (groups < 1 || weights.dims()[0] != data.dims()[1]) {
    throw Error("its weights are " + to_string(weights.dims()) + " for " + std::to_string(data.dims()[1]) +
                " channels");
  }
  std::vector<std::int64_t> output;
  std::vector<std::int64_t> cut;
  for (std::size_t i = 0; i < dimensions; ++i) {
    const Reach reach = reach_of(node, i, dimensions, input.dims()[i + 2], kernel[i]);
    output.push_back(reach.output);
    cut.push_back(reach.cut);
  }
  const ConvTranspose2dLayer conv{.out_channels = weights.dims()[1] * groups,
                                  .kernel = extent(kernel),
                                  .stride = extent(spatial(node, "strides", dimensions, 1)),
                                  .padding = extent(cut, 0),
                                  .output = extent(output),
                                  .dilation = extent(spatial(node, "dilations", dimensions, 1)),
                                  .groups = groups,
                                  .bias = node.has(2)};
  const Value result =
      node.builder().add(conv, {node.builder().dense(data)}, parameters_of(node, conv.out_channels));
  return {as_before(node, result, input)};
}

}  // namespace

std::span<const Operator> convolution_operators() {
  static constexpr Operator operators[] = {{"Conv", import_conv}, {"ConvTranspose", import_conv_transpose}};
  return operators;
}

}  // namespace edge::onnx
