// batch_norm2d at inference and channel_scale: one scale and one shift per channel, of batch norm computed in
// double precision.
#include "engine/error.h"
#include "engine/layers/batch_norm_folding.h"
#include "engine/layers/operation_type.h"
#include "kernels/pointwise.h"

namespace edge {
namespace {

std::string norm_settings(const Operation& operation) {
  return "epsilon=" + hexadecimal(operation.get<BatchNorm2dLayer>().epsilon);
}

std::string scale_settings(const Operation& operation) {
  const auto& layer = operation.get<ChannelScaleLayer>();
  std::string text = "scale=";
  for (const float value : layer.scale) text += hexadecimal(value) + ",";
  text += " shift=";
  for (const float value : layer.shift) text += hexadecimal(value) + ",";
  return text;
}

std::string norm_text(const Operation& /*operation*/) {
  return "batch norm";
}

std::string scale_text(const Operation& /*operation*/) {
  return "scale channels";
}

Inference infer_norm(const Operation& /*operation*/, std::span<const Shape> inputs) {
  const Shape& input = only_feature_map(inputs);
  const Shape channels{input[1]};
  return {.output_shape = input,
          .parameters = {{"weight", channels, ParameterKind::norm_scale, 1},
                         {"bias", channels, ParameterKind::norm_shift, 1},
                         {"running_mean", channels, ParameterKind::running_mean, 1},
                         {"running_var", channels, ParameterKind::running_variance, 1}}};
}

Inference infer_scale(const Operation& operation, std::span<const Shape> inputs) {
  const auto& layer = operation.get<ChannelScaleLayer>();
  const Shape& input = only_feature_map(inputs);
  const auto channels = static_cast<std::size_t>(input[1]);
  if (layer.scale.size() != channels || layer.shift.size() != channels) {
    throw Error("has " + std::to_string(layer.scale.size()) + " scales and " +
                std::to_string(layer.shift.size()) + " shifts for " + std::to_string(channels) + " channels");
  }
  return {.output_shape = input, .parameters = {}};
}

/// out = fma(in, scale, shift)
class ScaleKernel final : public LayerKernel {
 public:
  ScaleKernel(const KernelContext& context, std::vector<float> scale, std::vector<float> shift)
      : isa_(context.isa),
        input_(context.input_shapes[0]),
        scale_(std::move(scale)),
        shift_(std::move(shift)) {}

  std::size_t parameter_bytes() const override { return (scale_.size() + shift_.size()) * sizeof(float); }

  bool runs_part() const override { return true; }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    const std::int64_t channels = input_[1];
    const std::int64_t plane = input_[2] * input_[3];
    if (arguments.dirty != nullptr) {
      return parallel_stretches(pool, input_, *arguments.dirty, 16384,
                                [&](std::int64_t channel, std::int64_t first, std::int64_t count) {
                                  const std::int64_t at = channel * plane + first;
                                  const auto index = static_cast<std::size_t>(channel);
                                  kernels::scale_shift(isa_, arguments.inputs[0] + at, arguments.output + at,
                                                       static_cast<std::size_t>(count), scale_[index],
                                                       shift_[index], arguments.activation);
                                });
    }
    parallel_ranges(pool, input_[0] * channels, 1 + 16384 / plane, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p) {
        const auto channel = static_cast<std::size_t>(p % channels);
        kernels::scale_shift(isa_, arguments.inputs[0] + p * plane, arguments.output + p * plane,
                             static_cast<std::size_t>(plane), scale_[channel], shift_[channel],
                             arguments.activation);
      }
    });
  }

 private:
  kernels::Isa isa_;
  Shape input_;
  std::vector<float> scale_;
  std::vector<float> shift_;
};

std::vector<float> rounded_values(const std::vector<double>& values) {
  std::vector<float> floats;
  floats.reserve(values.size());
  for (const double value : values) floats.push_back(static_cast<float>(value));
  return floats;
}

std::unique_ptr<LayerKernel> make_norm(const KernelContext& context) {
  const double epsilon = context.layer.operation.get<BatchNorm2dLayer>().epsilon;
  const ChannelTransform transform =
      channel_transform(load_batch_norm(context.layer.parameters, context.weights, epsilon));
  return std::make_unique<ScaleKernel>(context, rounded_values(transform.scale),
                                       rounded_values(transform.shift));
}

std::unique_ptr<LayerKernel> make_scale(const KernelContext& context) {
  const auto& layer = context.layer.operation.get<ChannelScaleLayer>();
  return std::make_unique<ScaleKernel>(context, layer.scale, layer.shift);
}

}  // namespace

const OperationType BatchNorm2dLayer::type{.name = "batch_norm2d",
                                           .change = ChangeRule::per_channel,
                                           .fuses_activation = true,
                                           .placement = OutputPlace::in_place,
                                           .settings = norm_settings,
                                           .text = norm_text,
                                           .reach = same_position,
                                           .infer = infer_norm,
                                           .make_kernel = make_norm};

const OperationType ChannelScaleLayer::type{.name = "channel_scale",
                                            .change = ChangeRule::per_channel,
                                            .fuses_activation = true,
                                            .placement = OutputPlace::in_place,
                                            .settings = scale_settings,
                                            .text = scale_text,
                                            .reach = same_position,
                                            .infer = infer_scale,
                                            .make_kernel = make_scale};

}  // namespace edge
