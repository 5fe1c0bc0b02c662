#include "engine/onnx/operators/window.h"

#include <algorithm>

#include "engine/error.h"

namespace edge::onnx {
namespace {

constexpr std::int64_t largest = 1 << 20;

/// The padding of auto_pad: as much as makes an output of input / stride, rounded up.
std::int64_t same_padding(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
  const std::int64_t out = (in + stride - 1) / stride;
  return std::max<std::int64_t>((out - 1) * stride + dilation * (kernel - 1) + 1 - in, 0);
}

}  // namespace

std::size_t spatial_dimensions(const Dimensions& input) {
  if (input.size() != 3 && input.size() != 4) {
    throw Error("its input is " + to_string(input) +
                "; one or two dimensions behind the channels can be run");
  }
  return input.size() - 2;
}

std::vector<std::int64_t> spatial(const NodeContext& node, const char* name, std::size_t dimensions,
                                  std::int64_t fallback) {
  std::vector<std::int64_t> values =
      node.integers(name).value_or(std::vector<std::int64_t>(dimensions, fallback));
  if (values.size() != dimensions) throw Error(std::string("its ") + name + " do not fit to its input");
  for (const std::int64_t value : values) {
    if (value < 0 || value > largest) throw Error(std::string("its ") + name + " are out of range");
  }
  return values;
}

Extent2d extent(const std::vector<std::int64_t>& values, std::int64_t rows_of_one) {
  return values.size() == 1 ? Extent2d{rows_of_one, values[0]} : Extent2d{values[0], values[1]};
}

Window window_of(const NodeContext& node, const Dimensions& input, const std::vector<std::int64_t>& kernel) {
  const std::size_t dimensions = spatial_dimensions(input);
  std::vector<std::int64_t> shape = kernel;
  if (kernel.empty() || node.integers("kernel_shape")) shape = spatial(node, "kernel_shape", dimensions, 0);
  const std::vector<std::int64_t> strides = spatial(node, "strides", dimensions, 1);
  const std::vector<std::int64_t> dilations = spatial(node, "dilations", dimensions, 1);
  for (std::size_t i = 0; i < dimensions; ++i) {
    if (shape[i] < 1 || strides[i] < 1 || dilations[i] < 1)
      throw Error("its kernel, strides or dilations are 0");
  }
  const std::vector<std::int64_t> pads = node.integers("pads") ? spatial(node, "pads", 2 * dimensions, 0)
                                                               : std::vector<std::int64_t>(2 * dimensions, 0);
  std::vector<std::int64_t> begin(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(dimensions));
  std::vector<std::int64_t> end(pads.begin() + static_cast<std::ptrdiff_t>(dimensions), pads.end());
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    for (std::size_t i = 0; i < dimensions; ++i) {
      const std::int64_t total = same_padding(input[i + 2], shape[i], strides[i], dilations[i]);
      begin[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      end[i] = total - begin[i];
    }
  } else if (automatic == "VALID") {
    begin.assign(dimensions, 0);
    end.assign(dimensions, 0);
  } else if (automatic != "NOTSET") {
    throw Error("its auto_pad is unknown");
  }
  return {.kernel = extent(shape),
          .stride = extent(strides),
          .dilation = extent(dilations),
          .begin = extent(begin, 0),
          .end = extent(end, 0)};
}

Value with_rows(const NodeContext& node, const Value& value) {
  if (value.rank() != 3) return value;
  return node.builder().reshaped(value, {value.dims()[0], value.dims()[1], 1, value.dims()[2]});
}

Value as_before(const NodeContext& node, const Value& value, const Value& input) {
  if (input.rank() != 3) return value;
  return node.builder().reshaped(value, {value.dims()[0], value.dims()[1], value.dims()[3]});
}

Value without_padding(const NodeContext& node, const Value& value, const std::vector<float>& values,
                      Window& window) {
  const Layer* const layer = node.builder().producer(value);
  const PadLayer* const pad = layer != nullptr ? layer->operation.as<PadLayer>() : nullptr;
  if (pad == nullptr || pad->mode != PaddingMode::constant || value.rank() != 4) return value;
  const bool fits = std::find(values.begin(), values.end(), pad->value) != values.end() &&
                    pad->before[0] == 0 && pad->before[1] == 0 && pad->after[0] == 0 && pad->after[1] == 0;
  if (!fits) return value;
  window.begin = {window.begin.rows + pad->before[2], window.begin.columns + pad->before[3]};
  window.end = {window.end.rows + pad->after[2], window.end.columns + pad->after[3]};
  Value inner = value;
  inner.layer = layer->inputs[0];
  inner.view = StridedView::whole(to_dimensions(node.builder().graph().layer(inner.layer).output_shape));
  return inner;
}

}  // namespace edge::onnx
