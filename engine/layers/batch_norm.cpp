// batch_norm2d at inference: one scale and one shift per channel, folded in double precision.
#include <array>
#include <cstdio>

#include "engine/error.h"
#include "engine/layers/batch_norm_folding.h"
#include "engine/layers/operation_type.h"
#include "kernels/pointwise.h"

namespace edge {
namespace {

std::string settings(const Operation& operation) {
  // Hexadecimal digits: the whole value, in one way on every platform.
  std::array<char, 32> text{};
  const double epsilon = std::get<BatchNorm2dLayer>(operation).epsilon;
  const int length = std::snprintf(text.data(), text.size(), "epsilon=%a", epsilon);
  return {text.data(), static_cast<std::size_t>(length)};
}

Inference infer(const Operation& /*operation*/, std::span<const Shape> inputs) {
  const Shape& input = only_feature_map(inputs);
  const Shape channels{input[1]};
  return {.output_shape = input,
          .parameters = {{"weight", channels, ParameterKind::norm_scale, 1},
                         {"bias", channels, ParameterKind::norm_shift, 1},
                         {"running_mean", channels, ParameterKind::running_mean, 1},
                         {"running_var", channels, ParameterKind::running_variance, 1}}};
}

class BatchNormKernel final : public LayerKernel {
 public:
  explicit BatchNormKernel(const KernelContext& context)
      : isa_(context.isa),
        input_(context.input_shapes[0]),
        scale_(Shape{input_[1]}),
        shift_(Shape{input_[1]}) {
    const auto load = [&](std::size_t i) { return context.weights.load(context.layer.parameters[i]); };
    const ChannelTransform transform =
        channel_transform({.gamma = load(0),
                           .beta = load(1),
                           .mean = load(2),
                           .variance = load(3),
                           .epsilon = std::get<BatchNorm2dLayer>(context.layer.operation).epsilon});
    for (std::size_t c = 0; c < scale_.elements(); ++c) {
      scale_.data()[c] = static_cast<float>(transform.scale[c]);
      shift_.data()[c] = static_cast<float>(transform.shift[c]);
    }
  }

  std::size_t parameter_bytes() const override { return scale_.bytes() + shift_.bytes(); }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    const std::int64_t channels = input_[1];
    const std::int64_t plane = input_[2] * input_[3];
    parallel_ranges(pool, input_[0] * channels, 1 + 16384 / plane, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p) {
        const std::int64_t channel = p % channels;
        kernels::scale_shift(isa_, arguments.inputs[0] + p * plane, arguments.output + p * plane,
                             static_cast<std::size_t>(plane), scale_.data()[channel], shift_.data()[channel],
                             arguments.relu);
      }
    });
  }

 private:
  kernels::Isa isa_;
  Shape input_;
  Tensor scale_;
  Tensor shift_;
};

std::unique_ptr<LayerKernel> make_kernel(const KernelContext& context) {
  return std::make_unique<BatchNormKernel>(context);
}

}  // namespace

const OperationType& type_of(const BatchNorm2dLayer&) {
  static constexpr OperationType type{.name = "batch_norm2d",
                                      .fuses_relu = true,
                                      .in_place = true,
                                      .settings = settings,
                                      .infer = infer,
                                      .make_kernel = make_kernel};
  return type;
}

}  // namespace edge
