// conv2d: a packed convolution, a batch norm behind it folded into its weights, with fused bias, residual,
// activation and pooling as far as its algorithm can.
#include <algorithm>
#include <cassert>

#include "engine/error.h"
#include "engine/layers/batch_norm_folding.h"
#include "engine/layers/operation_type.h"
#include "kernels/conv2d.h"

namespace edge {
namespace {

constexpr std::int64_t largest_channels = 1 << 20;

kernels::Conv2dShape conv2d_shape(const Conv2dLayer& conv, const Shape& input) {
  kernels::Conv2dShape shape;
  shape.batch = input[0];
  shape.in_channels = input[1];
  shape.in_rows = input[2];
  shape.in_columns = input[3];
  shape.out_channels = conv.out_channels;
  shape.kernel_rows = conv.kernel.rows;
  shape.kernel_columns = conv.kernel.columns;
  shape.stride_rows = conv.stride.rows;
  shape.stride_columns = conv.stride.columns;
  shape.padding_rows = conv.padding.rows;
  shape.padding_columns = conv.padding.columns;
  shape.dilation_rows = conv.dilation.rows;
  shape.dilation_columns = conv.dilation.columns;
  shape.groups = conv.groups;
  shape.extra_rows = conv.extra.rows;
  shape.extra_columns = conv.extra.columns;
  return shape;
}

std::string convolution_settings(const Operation& operation) {
  const auto& conv = operation.get<Conv2dLayer>();
  return "out_channels=" + std::to_string(conv.out_channels) + " kernel=" + to_string(conv.kernel) +
         " stride=" + to_string(conv.stride) + " padding=" + to_string(conv.padding) +
         " dilation=" + to_string(conv.dilation) + " groups=" + std::to_string(conv.groups) +
         (conv.norm ? " norm=" + hexadecimal(conv.norm->epsilon) : "") + extra_settings(conv.extra);
}

std::string convolution_text(const Operation& operation) {
  const auto& conv = operation.get<Conv2dLayer>();
  std::string text =
      "conv " + window_text(conv.kernel, conv.stride) + ", " + std::to_string(conv.out_channels);
  text += unless_usual({0, 0}, "pad", conv.padding) + unless_usual({1, 1}, "dilation", conv.dilation);
  if (conv.groups != 1) text += ", groups " + std::to_string(conv.groups);
  if (conv.norm) {
    text += ", bn";
  } else if (!conv.bias) {
    text += ", no bias";
  }
  return text;
}

Inference infer_convolution(const Operation& operation, std::span<const Shape> inputs) {
  const auto& conv = operation.get<Conv2dLayer>();
  assert(!conv.norm && "made by fold_batch_norms(), which knows the norm's parameters");
  const Shape& input = only_feature_map(inputs);
  check_window(input, conv.kernel, conv.stride, conv.padding, conv.dilation, conv.extra);
  if (conv.out_channels < 1 || conv.out_channels > largest_channels) {
    throw Error(std::to_string(conv.out_channels) + " output channels are out of range");
  }
  if (conv.groups < 1 || input[1] % conv.groups != 0 || conv.out_channels % conv.groups != 0) {
    throw Error(std::to_string(conv.groups) + " groups do not divide " + std::to_string(input[1]) +
                " input and " + std::to_string(conv.out_channels) + " output channels");
  }
  const kernels::Conv2dShape shape = conv2d_shape(conv, input);
  const std::int64_t fan_in = input[1] / conv.groups * conv.kernel.rows * conv.kernel.columns;
  Inference result;
  result.output_shape = {input[0], conv.out_channels, shape.out_rows(), shape.out_columns()};
  result.parameters.push_back(
      {"weight",
       {conv.out_channels, input[1] / conv.groups, conv.kernel.rows, conv.kernel.columns},
       ParameterKind::weight,
       fan_in});
  if (conv.bias) result.parameters.push_back({"bias", {conv.out_channels}, ParameterKind::bias, fan_in});
  return result;
}

std::optional<Reach> convolution_reach(const Operation& operation, std::span<const Shape> inputs,
                                       std::size_t /*input*/) {
  return kernels::conv_reach(conv2d_shape(operation.get<Conv2dLayer>(), inputs[0]));
}

/// Bias may be empty.
FoldedConvolution load_parameters(const KernelContext& context) {
  const auto& conv = context.layer.operation.get<Conv2dLayer>();
  const std::span<const ParameterSpec> parameters = context.layer.parameters;
  FoldedConvolution loaded{.weight = context.weights.load(parameters[0]), .bias = {}};
  if (conv.bias) loaded.bias = context.weights.load(parameters[1]);
  if (!conv.norm) return loaded;
  return fold_batch_norm(
      loaded.weight, loaded.bias,
      load_batch_norm(parameters.subspan(conv.bias ? 2 : 1), context.weights, conv.norm->epsilon),
      *context.scratch);
}

class Conv2dKernel final : public LayerKernel {
 public:
  explicit Conv2dKernel(const KernelContext& context) : Conv2dKernel(context, load_parameters(context)) {}

  std::size_t parameter_bytes() const override { return conv_.packed_bytes() + bias_.bytes(); }
  std::size_t workspace_floats(int threads) const override { return conv_.workspace_floats(threads); }

  Fusions fusions() const override {
    const kernels::ConvFusions can = conv_.fusions();
    return {.residual = can.residual, .residual_in_place = can.residual_in_place, .max_pool = can.max_pool};
  }

  bool runs_part() const override { return conv_.can_run_part(); }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    if (arguments.dirty != nullptr) return run_part(arguments, pool);
    if (arguments.max_pool) {
      conv_.run_pooled(arguments.inputs[0], arguments.output, bias_.values().data(), arguments.workspace,
                       pool);
      return;
    }
    const kernels::Epilogue epilogue{
        .bias = bias_.values().data(), .residual = arguments.residual, .activation = arguments.activation};
    conv_.run(arguments.inputs[0], arguments.output, epilogue, arguments.workspace, pool);
  }

 private:
  void run_part(const KernelArguments& arguments, kernels::ThreadPool& pool) const {
    kernels::Epilogue epilogue{
        .bias = bias_.values().data(), .residual = arguments.residual, .activation = arguments.activation};
    if (arguments.max_pool) epilogue.activation = Activation::relu();
    conv_.run_part(arguments.inputs[0], arguments.output, *arguments.dirty, epilogue, arguments.max_pool,
                   arguments.workspace, pool);
  }

  Conv2dKernel(const KernelContext& context, const FoldedConvolution& parameters)
      : conv_(conv2d_shape(context.layer.operation.get<Conv2dLayer>(), context.input_shapes[0]),
              parameters.weight.values().data(), context.isa, context.external_gemm),
        bias_(parameters.bias) {}

  kernels::PackedConv2d conv_;
  Array bias_;
};

}  // namespace

const OperationType Conv2dLayer::type{.name = "conv2d",
                                      .change = ChangeRule::mixes,
                                      .fuses_activation = true,
                                      .settings = convolution_settings,
                                      .text = convolution_text,
                                      .reach = convolution_reach,
                                      .infer = infer_convolution,
                                      .make_kernel = make_kernel_of<Conv2dKernel>};

}  // namespace edge
