// MaxPool, AveragePool (of one or two dimensions) and the global ones.
#include <cmath>
#include <limits>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/operators.h"
#include "engine/onnx/operators/window.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

Values import_max_pool(NodeContext& node) {
  const Value& input = node.input(0);
  Window window = window_of(node, input.dims(), {});
  const Value data =
      without_padding(node, with_rows(node, input), {-std::numeric_limits<float>::infinity()}, window);
  const MaxPool2dLayer pool{
      .kernel = window.kernel,
      .stride = window.stride,
      .padding = window.begin,
      .dilation = window.dilation,
      .ceil_mode = node.integer("ceil_mode", 0) != 0,
      .extra = {window.end.rows - window.begin.rows, window.end.columns - window.begin.columns},
      .wide_padding = true};
  Value result = as_before(node, node.builder().add(pool, {node.builder().dense(data)}), input);
  result.type = input.type;
  return {result};
}

Values import_average_pool(NodeContext& node) {
  const Value& input = node.input(0);
  Window window = window_of(node, input.dims(), {});
  if (window.dilation != Extent2d{1, 1}) throw Error("an average of dilated windows cannot be run");
  bool counts = node.integer("count_include_pad", 0) != 0;
  const bool ceil = node.integer("ceil_mode", 0) != 0;
  Value data = with_rows(node, input);
  const bool own_padding = window.begin != Extent2d{0, 0} || window.end != Extent2d{0, 0};
  if (!ceil && (!own_padding || counts)) {  // padding in front of it counts as pixels
    Window wider = window;
    const Value inner = without_padding(node, data, {0.0F}, wider);
    const bool smaller = wider.begin.rows < wider.kernel.rows && wider.begin.columns < wider.kernel.columns &&
                         wider.end.rows < wider.kernel.rows && wider.end.columns < wider.kernel.columns;
    if (inner.layer != data.layer && smaller) {
      data = inner;
      window = wider;
      counts = true;
    }
  }
  const AveragePool2dLayer pool{
      .kernel = window.kernel,
      .stride = window.stride,
      .padding = window.begin,
      .ceil_mode = ceil,
      .count_include_pad = counts,
      .extra = {window.end.rows - window.begin.rows, window.end.columns - window.begin.columns},
      .wide_padding = true};
  return {as_before(node, node.builder().add(pool, {node.builder().dense(data)}), input)};
}

/// N x C x anything.
Dimensions pooled_dims(const Value& input) {
  if (input.rank() < 3 || input.elements() == 0) throw Error("its input is " + to_string(input.dims()));
  Dimensions dims(input.rank(), 1);
  dims[0] = input.dims()[0];
  dims[1] = input.dims()[1];
  return dims;
}

Values import_global_average(NodeContext& node) {
  const Value& input = node.input(0);
  const Dimensions dims = pooled_dims(input);
  const std::int64_t plane = input.elements() / (dims[0] * dims[1]);
  const Value map = input.rank() == 4 ? input : node.builder().reshaped(input, {dims[0], dims[1], 1, plane});
  const Value result = node.builder().add(AdaptiveAveragePool2dLayer{}, {node.builder().dense(map)});
  return {node.builder().reshaped(result, dims)};
}

Values import_global_max(NodeContext& node) {
  const Value& input = node.input(0);
  const Dimensions dims = pooled_dims(input);
  const std::int64_t planes = dims[0] * dims[1];
  const Value rows = node.builder().reshaped(input, {planes, input.elements() / planes});
  const Value result =
      node.builder().add(ReduceLayer{.reduction = Reduction::maximum}, {node.builder().dense(rows)});
  return {node.builder().reshaped(result, dims)};
}

}  // namespace

std::span<const Operator> pooling_operators() {
  static constexpr Operator operators[] = {{"AveragePool", import_average_pool},
                                           {"GlobalAveragePool", import_global_average},
                                           {"GlobalMaxPool", import_global_max},
                                           {"MaxPool", import_max_pool}};
  return operators;
}

}  // namespace edge::onnx
