#include "engine/layers/operation_type.h"

#include <array>
#include <cstdio>

#include "engine/error.h"

namespace edge {

Operation::Operation() : Operation(InputLayer{}) {}

const char* operation_name(const Operation& operation) {
  return operation.type().name;
}

std::string operation_text(const Operation& operation) {
  const OperationType& type = operation.type();
  return type.text != nullptr ? type.text(operation) : type.name;
}

std::optional<std::int64_t> view_of_all(const Operation& /*operation*/, const Shape& /*input*/) {
  return 0;
}

std::optional<Reach> same_position(const Operation& /*operation*/, std::span<const Shape> inputs,
                                   std::size_t input) {
  // The largest input has the output's size.
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  for (const Shape& shape : inputs) {
    if (shape.rank() != 4) return std::nullopt;
    rows = std::max(rows, shape[2]);
    columns = std::max(columns, shape[3]);
  }
  if (inputs[input][2] != rows || inputs[input][3] != columns) return std::nullopt;
  return Reach{kernels::AxisReach::identity(rows), kernels::AxisReach::identity(columns)};
}

Inference same_shape(const Operation& /*operation*/, std::span<const Shape> inputs) {
  return {.output_shape = only_input(inputs), .parameters = {}};
}

std::string square_or_both(const Extent2d& extent) {
  return extent.rows == extent.columns ? std::to_string(extent.rows) : to_string(extent);
}

std::string window_text(const Extent2d& kernel, const Extent2d& stride) {
  const std::string text = to_string(kernel);
  return stride == Extent2d{1, 1} ? text : text + "/" + square_or_both(stride);
}

std::string unless_usual(const Extent2d& usual, const char* what, const Extent2d& extent) {
  return extent == usual ? "" : std::string(", ") + what + " " + square_or_both(extent);
}

const Shape& only_input(std::span<const Shape> inputs) {
  if (inputs.size() != 1) throw Error("takes one input, not " + std::to_string(inputs.size()));
  return inputs[0];
}

const Shape& only_feature_map(std::span<const Shape> inputs) {
  const Shape& input = only_input(inputs);
  if (input.rank() != 4) throw Error("needs an input of rank 4 (NCHW), not " + input.to_string());
  return input;
}

std::string to_string(const Extent2d& extent) {
  return std::to_string(extent.rows) + "x" + std::to_string(extent.columns);
}

std::string hexadecimal(double value) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%a", value);
  return {text.data(), static_cast<std::size_t>(length)};
}

namespace {

// Large enough for any real network, small enough that no product of two of them overflows.
constexpr std::int64_t largest_setting = 1 << 20;

void check_range(const char* what, const Extent2d& extent, std::int64_t least) {
  for (const std::int64_t value : {extent.rows, extent.columns}) {
    if (value < least || value > largest_setting)
      throw Error(std::string(what) + " " + to_string(extent) + " is out of range");
  }
}

}  // namespace

std::string extra_settings(const Extent2d& extra) {
  return extra == Extent2d{0, 0} ? "" : " extra=" + to_string(extra);
}

void check_window(const Shape& input, const Extent2d& kernel, const Extent2d& stride, const Extent2d& padding,
                  const Extent2d& dilation, const Extent2d& extra) {
  check_range("kernel", kernel, 1);
  check_range("stride", stride, 1);
  check_range("padding", padding, 0);
  check_range("dilation", dilation, 1);
  const Extent2d end{padding.rows + extra.rows, padding.columns + extra.columns};
  check_range("padding", end, 0);
  const Extent2d window{dilation.rows * (kernel.rows - 1) + 1, dilation.columns * (kernel.columns - 1) + 1};
  const Extent2d padded{input[2] + padding.rows + end.rows, input[3] + padding.columns + end.columns};
  if (window.rows > padded.rows || window.columns > padded.columns) {
    throw Error("a window of " + to_string(window) + " is larger than the padded image of " +
                to_string(padded));
  }
}

}  // namespace edge
