#include "media/detector/network.h"

#include <algorithm>
#include <array>

#include "engine/autograd/elementwise.h"

namespace edge::street {

using namespace autograd;

namespace {

struct Stage {
  std::int64_t channels, stride;
};
constexpr std::array<Stage, 8> stages = {
    {{16, 2}, {32, 2}, {64, 2}, {88, 2}, {88, 1}, {88, 1}, {88, 1}, {88, 1}}};

/// Logits of the heat maps at the start: nearly all of a picture is no centre (Lin et al. 2017, section 3.3).
constexpr float rare = -4;

}  // namespace

Detector::Detector(Context& context, Generator& generator) {
  std::int64_t channels = 3;
  for (const Stage& stage : stages) {
    const Conv2dOptions options{.stride = {stage.stride, stage.stride}, .padding = {1, 1}};
    features_
        .add<Conv2d>(context, channels, stage.channels, Extent2d{3, 3}, options, generator, false,
                     Initial::he)
        .add<BatchNorm>(context, stage.channels)
        .add<Function>([](const Variable& x) { return relu(x); });
    channels = stage.channels;
  }
  head_.add<Conv2d>(context, channels, outputs, Extent2d{1, 1}, Conv2dOptions{}, generator);
  Tensor bias = head_.parameters().back().value();
  std::fill_n(bias.data(), classes, rare);
  register_module("features", features_);
  register_module("head", head_);
}

Variable Detector::forward(const Variable& x) {
  return head_.forward(features_.forward(x));
}

}  // namespace edge::street
