// resize: of the last two dimensions, with all of ONNX's rules of coordinates.
#include "kernels/resize.h"

#include <algorithm>
#include <cmath>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

constexpr std::int64_t largest_output = 1 << 20;

const char* coordinates_name(ResizeCoordinates coordinates) {
  switch (coordinates) {
    case ResizeCoordinates::half_pixel:
      return "half_pixel";
    case ResizeCoordinates::half_pixel_symmetric:
      return "half_pixel_symmetric";
    case ResizeCoordinates::pytorch_half_pixel:
      return "pytorch_half_pixel";
    case ResizeCoordinates::align_corners:
      return "align_corners";
    case ResizeCoordinates::asymmetric:
      return "asymmetric";
    case ResizeCoordinates::half_pixel_nearest:
      return "half_pixel_nearest";
    case ResizeCoordinates::crop:
      return "crop";
  }
  return "";
}

std::string axis_settings(const ResizeLayer::Axis& axis) {
  return std::to_string(axis.output) + "," + hexadecimal(axis.scale) + "," + hexadecimal(axis.crop_begin) +
         "," + hexadecimal(axis.crop_end);
}

std::string resize_settings(const Operation& operation) {
  const auto& resize = operation.get<ResizeLayer>();
  return std::string(resize.linear ? "linear " : "nearest ") + coordinates_name(resize.coordinates) +
         " rounding=" + std::to_string(static_cast<int>(resize.rounding)) +
         " rows=" + axis_settings(resize.rows) + " columns=" + axis_settings(resize.columns) +
         " outside=" + hexadecimal(double{resize.outside});
}

std::string resize_text(const Operation& operation) {
  const auto& resize = operation.get<ResizeLayer>();
  return "resize to " + std::to_string(resize.rows.output) + "x" + std::to_string(resize.columns.output) +
         (resize.linear ? ", linear" : ", nearest");
}

Inference infer_resize(const Operation& operation, std::span<const Shape> inputs) {
  const auto& resize = operation.get<ResizeLayer>();
  const Shape& input = only_input(inputs);
  if (input.rank() < 2) throw Error("needs rows and columns, not " + input.to_string());
  std::vector<std::int64_t> extents(input.extents().begin(), input.extents().end());
  for (const ResizeLayer::Axis& axis : {resize.rows, resize.columns}) {
    if (axis.output < 1 || axis.output > largest_output) {
      throw Error("an output of " + std::to_string(axis.output) + " rows or columns is out of range");
    }
    if (!(axis.scale > 0) || !std::isfinite(axis.crop_begin) || !std::isfinite(axis.crop_end)) {
      throw Error("its scale or crop is out of range");
    }
  }
  extents[extents.size() - 2] = resize.rows.output;
  extents[extents.size() - 1] = resize.columns.output;
  return {.output_shape = Shape(std::span<const std::int64_t>(extents)), .parameters = {}};
}

double position(const ResizeLayer& resize, const ResizeLayer::Axis& axis, std::int64_t in,
                std::int64_t index) {
  const auto x = static_cast<double>(index);
  const auto size = static_cast<double>(in);
  const auto last_in = size - 1;
  const auto last_out = static_cast<double>(axis.output - 1);
  switch (resize.coordinates) {
    case ResizeCoordinates::half_pixel:
      return (x + 0.5) / axis.scale - 0.5;
    case ResizeCoordinates::half_pixel_symmetric: {
      const double adjustment = static_cast<double>(axis.output) / (axis.scale * size);
      return size / 2 * (1 - adjustment) + (x + 0.5) / axis.scale - 0.5;
    }
    case ResizeCoordinates::pytorch_half_pixel:
      return axis.output > 1 ? (x + 0.5) / axis.scale - 0.5 : 0;
    case ResizeCoordinates::align_corners:
      // As ONNX has it: by the scale, also where the output has no whole number of pixels.
      return axis.output > 1 ? x * last_in / (axis.scale * size - 1) : 0;
    case ResizeCoordinates::asymmetric:
      return x / axis.scale;
    case ResizeCoordinates::half_pixel_nearest:
      return (x + 0.5) / axis.scale;
    case ResizeCoordinates::crop:
      if (axis.output == 1) return 0.5 * (axis.crop_begin + axis.crop_end) * last_in;
      return axis.crop_begin * last_in + x * (axis.crop_end - axis.crop_begin) * last_in / last_out;
  }
  return 0;
}

double rounded_position(ResizeRounding rounding, double x) {
  switch (rounding) {
    case ResizeRounding::half_down:
      return std::ceil(x - 0.5);
    case ResizeRounding::half_up:
      return std::floor(x + 0.5);
    case ResizeRounding::floor:
      return std::floor(x);
    case ResizeRounding::ceiling:
      return std::ceil(x);
  }
  return x;
}

std::vector<kernels::ResizeTap> taps(const ResizeLayer& resize, const ResizeLayer::Axis& axis,
                                     std::int64_t in) {
  std::vector<kernels::ResizeTap> result;
  const auto last = static_cast<double>(in - 1);
  for (std::int64_t index = 0; index < axis.output; ++index) {
    const double x = position(resize, axis, in, index);
    kernels::ResizeTap tap;
    if (resize.coordinates == ResizeCoordinates::crop && (x < 0 || x > last)) {
      tap.first = -1;
    } else if (resize.linear) {
      const double inside = std::clamp(x, 0.0, last);
      const double floor = std::floor(inside);
      tap.first = static_cast<std::int32_t>(floor);
      tap.second = static_cast<std::int32_t>(std::min(floor + 1, last));
      tap.weight = static_cast<float>(inside - floor);
    } else {
      tap.first = static_cast<std::int32_t>(std::clamp(rounded_position(resize.rounding, x), 0.0, last));
      tap.second = tap.first;
    }
    result.push_back(tap);
  }
  return result;
}

/// Nothing if the taps do not ascend (a negative scale does not exist, but crops may go backwards).
std::optional<kernels::AxisReach> axis_reach(const ResizeLayer& resize, const ResizeLayer::Axis& axis,
                                             std::int64_t in) {
  std::vector<kernels::AxisReach::Window> windows;
  for (const kernels::ResizeTap& tap : taps(resize, axis, in)) {
    if (tap.first < 0) return std::nullopt;
    windows.push_back({tap.first, std::max(tap.first, tap.second) + 1});
    const auto& last = windows.back();
    if (windows.size() > 1 &&
        (windows[windows.size() - 2].begin > last.begin || windows[windows.size() - 2].end > last.end)) {
      return std::nullopt;
    }
  }
  return kernels::AxisReach(in, std::move(windows));
}

std::optional<Reach> resize_reach(const Operation& operation, std::span<const Shape> inputs,
                                  std::size_t /*input*/) {
  const auto& resize = operation.get<ResizeLayer>();
  const auto rows = axis_reach(resize, resize.rows, inputs[0][2]);
  const auto columns = axis_reach(resize, resize.columns, inputs[0][3]);
  if (!rows || !columns) return std::nullopt;
  return Reach{*rows, *columns};
}

class ResizeKernel final : public LayerKernel {
 public:
  explicit ResizeKernel(const KernelContext& context) {
    const auto& resize = context.layer.operation.get<ResizeLayer>();
    const Shape& input = context.input_shapes[0];
    shape_.in_rows = input[input.rank() - 2];
    shape_.in_columns = input[input.rank() - 1];
    shape_.planes = input.elements() / (shape_.in_rows * shape_.in_columns);
    shape_.rows = taps(resize, resize.rows, shape_.in_rows);
    shape_.columns = taps(resize, resize.columns, shape_.in_columns);
    shape_.outside = resize.outside;
  }
  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    kernels::resize(shape_, arguments.inputs[0], arguments.output, pool);
  }

 private:
  kernels::ResizeShape shape_;
};

}  // namespace

const OperationType ResizeLayer::type{.name = "resize",
                                      .change = ChangeRule::per_channel,
                                      .settings = resize_settings,
                                      .text = resize_text,
                                      .reach = resize_reach,
                                      .infer = infer_resize,
                                      .make_kernel = make_kernel_of<ResizeKernel>};

}  // namespace edge
