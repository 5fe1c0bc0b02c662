// The layers that a graph is made of: what they compute and which parameters they have. Pure descriptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/shape.h"

namespace edge {

/// Index of a layer in its graph's topological order. Layer 0 is the input.
using LayerIndex = int;

struct Extent2d {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  friend bool operator==(const Extent2d&, const Extent2d&) = default;
};

struct InputLayer {};
struct BatchNorm2dLayer {
  double epsilon = 1e-5;
};
struct Conv2dLayer {
  std::int64_t out_channels = 0;
  Extent2d kernel{1, 1};
  Extent2d stride{1, 1};
  Extent2d padding{0, 0};
  Extent2d dilation{1, 1};
  std::int64_t groups = 1;
  bool bias = true;
  std::optional<BatchNorm2dLayer> norm = {};  ///< behind it, in the same layer: see fold_batch_norms()
};
struct ReluLayer {};
struct Relu6Layer {};  ///< min(max(x, 0), 6)
struct MaxPool2dLayer {
  Extent2d kernel{1, 1};
  Extent2d stride{1, 1};
  Extent2d padding{0, 0};
  Extent2d dilation{1, 1};
  bool ceil_mode = false;
};
struct AveragePool2dLayer {
  Extent2d kernel{1, 1};
  Extent2d stride{1, 1};
  Extent2d padding{0, 0};
  bool ceil_mode = false;
  bool count_include_pad = true;
};
struct AdaptiveAveragePool2dLayer {
  Extent2d output{1, 1};
};
/// One scale and one shift per channel, given with the network: no parameters.
struct ChannelScaleLayer {
  std::vector<float> scale;
  std::vector<float> shift;
};
/// PyTorch's: x / (k + alpha / size * sum of squares over `size` channels around it) ^ beta.
struct LocalResponseNormLayer {
  std::int64_t size = 5;
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
};
struct LinearLayer {
  std::int64_t out_features = 0;
  bool bias = true;
};
struct FlattenLayer {};  ///< N x C x H x W to N x CHW
struct DropoutLayer {};  ///< the identity at inference
struct ConcatLayer {};   ///< along channels
struct AddLayer {};      ///< of two tensors of one shape
struct SoftmaxLayer {};  ///< along the last dimension of a matrix

using Operation =
    std::variant<InputLayer, Conv2dLayer, ReluLayer, MaxPool2dLayer, AveragePool2dLayer,
                 AdaptiveAveragePool2dLayer, BatchNorm2dLayer, LinearLayer, FlattenLayer, DropoutLayer,
                 ConcatLayer, AddLayer, SoftmaxLayer, Relu6Layer, LocalResponseNormLayer, ChannelScaleLayer>;

/// "conv2d", "max_pool2d" ...
const char* operation_name(const Operation& operation);

enum class ParameterKind : std::uint8_t {
  weight,
  bias,
  norm_scale,
  norm_shift,
  running_mean,
  running_variance
};

struct ParameterSpec {
  std::string name;  ///< torchvision's, e.g. "features.0.weight"
  Shape shape;
  ParameterKind kind = ParameterKind::weight;
  std::int64_t fan_in = 1;  ///< inputs that one output value sums over (of the layer's weight)
};

struct Layer {
  /// torchvision's module path, e.g. "features.0"; unique in a graph. What is no module of its own has a name
  /// beside them (docs/networks.md).
  std::string name;
  Operation operation;
  std::vector<LayerIndex> inputs;
  std::vector<ParameterSpec> parameters;
  Shape output_shape;
  std::int64_t macs = 0;  ///< multiply-adds per frame (convolution and linear), else 0
};

}  // namespace edge
