// conv_transpose2d: an upsampling convolution, as ordinary ones of its parts.
#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/conv_transpose2d.h"

namespace edge {
namespace {

constexpr std::int64_t largest_transpose_setting = 1 << 20;

kernels::ConvTranspose2dShape conv_transpose2d_shape(const ConvTranspose2dLayer& conv, const Shape& input) {
  kernels::ConvTranspose2dShape shape;
  shape.batch = input[0];
  shape.in_channels = input[1];
  shape.in_rows = input[2];
  shape.in_columns = input[3];
  shape.out_channels = conv.out_channels;
  shape.out_rows = conv.output.rows;
  shape.out_columns = conv.output.columns;
  shape.kernel_rows = conv.kernel.rows;
  shape.kernel_columns = conv.kernel.columns;
  shape.stride_rows = conv.stride.rows;
  shape.stride_columns = conv.stride.columns;
  shape.padding_rows = conv.padding.rows;
  shape.padding_columns = conv.padding.columns;
  shape.dilation_rows = conv.dilation.rows;
  shape.dilation_columns = conv.dilation.columns;
  shape.groups = conv.groups;
  return shape;
}

std::string transpose_settings(const Operation& operation) {
  const auto& conv = operation.get<ConvTranspose2dLayer>();
  return "out_channels=" + std::to_string(conv.out_channels) + " kernel=" + to_string(conv.kernel) +
         " stride=" + to_string(conv.stride) + " padding=" + to_string(conv.padding) +
         " output=" + to_string(conv.output) + " dilation=" + to_string(conv.dilation) +
         " groups=" + std::to_string(conv.groups);
}

std::string transpose_text(const Operation& operation) {
  const auto& conv = operation.get<ConvTranspose2dLayer>();
  return "conv transpose " + window_text(conv.kernel, conv.stride) + ", " +
         std::to_string(conv.out_channels) + unless_usual({0, 0}, "pad", conv.padding);
}

Inference infer_transpose(const Operation& operation, std::span<const Shape> inputs) {
  const auto& conv = operation.get<ConvTranspose2dLayer>();
  const Shape& input = only_feature_map(inputs);
  for (const Extent2d& extent : {conv.kernel, conv.stride, conv.dilation, conv.output}) {
    for (const std::int64_t value : {extent.rows, extent.columns}) {
      if (value < 1 || value > largest_transpose_setting)
        throw Error("an extent of " + to_string(extent) + " is out of range");
    }
  }
  // More than the window reaches at the top would be rows without any input.
  if (conv.padding.rows < 0 || conv.padding.columns < 0 || conv.padding.rows > largest_transpose_setting ||
      conv.padding.columns > largest_transpose_setting) {
    throw Error("padding " + to_string(conv.padding) + " is out of range");
  }
  if (conv.out_channels < 1 || conv.out_channels > largest_transpose_setting || conv.groups < 1 ||
      input[1] % conv.groups != 0 || conv.out_channels % conv.groups != 0) {
    throw Error(std::to_string(conv.groups) + " groups do not divide " + std::to_string(input[1]) +
                " input and " + std::to_string(conv.out_channels) + " output channels");
  }
  const Shape weight{input[1], conv.out_channels / conv.groups, conv.kernel.rows, conv.kernel.columns};
  // Each input value takes part in so many products: the usual measure of such a layer's work.
  const std::int64_t fan_in =
      std::max<std::int64_t>(1, input[1] / conv.groups * conv.kernel.rows * conv.kernel.columns /
                                    (conv.stride.rows * conv.stride.columns));
  Inference result;
  result.output_shape = {input[0], conv.out_channels, conv.output.rows, conv.output.columns};
  result.parameters.push_back({"weight", weight, ParameterKind::weight, fan_in});
  if (conv.bias) result.parameters.push_back({"bias", {conv.out_channels}, ParameterKind::bias, fan_in});
  return result;
}

class ConvTransposeKernel final : public LayerKernel {
 public:
  explicit ConvTransposeKernel(const KernelContext& context)
      : conv_(conv_transpose2d_shape(context.layer.operation.get<ConvTranspose2dLayer>(),
                                     context.input_shapes[0]),
              context.weights.load(context.layer.parameters[0]).values().data(), context.isa) {
    if (context.layer.parameters.size() > 1) bias_ = context.weights.load(context.layer.parameters[1]);
  }

  std::size_t parameter_bytes() const override { return conv_.packed_bytes() + bias_.bytes(); }
  std::size_t workspace_floats(int threads) const override { return conv_.workspace_floats(threads); }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    conv_.run(arguments.inputs[0], arguments.output, bias_.values().data(), arguments.workspace, pool);
  }

 private:
  kernels::PackedConvTranspose2d conv_;
  Array bias_;
};

}  // namespace

const OperationType ConvTranspose2dLayer::type{.name = "conv_transpose2d",
                                               .change = ChangeRule::mixes,
                                               .settings = transpose_settings,
                                               .text = transpose_text,
                                               .infer = infer_transpose,
                                               .make_kernel = make_kernel_of<ConvTransposeKernel>};

}  // namespace edge
