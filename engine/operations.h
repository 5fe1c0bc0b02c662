// The operators' settings: pure descriptions. Each names its entry in the table of operators, which is
// defined in its file in engine/layers/ (docs/architecture.md, "Where to add things").
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/operation.h"
#include "kernels/activation.h"

namespace edge {

using kernels::Activation;

struct Extent2d {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  friend bool operator==(const Extent2d&, const Extent2d&) = default;
};

struct InputLayer {
  static const OperationType type;
};
struct BatchNorm2dLayer {
  double epsilon = 1e-5;
  static const OperationType type;
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
  Extent2d extra{0, 0};  ///< so much more (less, if negative) padding at the bottom and right
  static const OperationType type;
};
struct ReluLayer {
  static const OperationType type;
};
/// min(max(x, 0), 6)
struct Relu6Layer {
  static const OperationType type;
};
/// Any activation but none.
struct ActivationLayer {
  Activation activation = Activation::relu();
  static const OperationType type;
};
struct MaxPool2dLayer {
  Extent2d kernel{1, 1};
  Extent2d stride{1, 1};
  Extent2d padding{0, 0};
  Extent2d dilation{1, 1};
  bool ceil_mode = false;
  Extent2d extra{0, 0};       ///< so much more (less) padding at the bottom and right
  bool wide_padding = false;  ///< it may be more than half of the kernel, but not all of it
  static const OperationType type;
};
struct AveragePool2dLayer {
  Extent2d kernel{1, 1};
  Extent2d stride{1, 1};
  Extent2d padding{0, 0};
  bool ceil_mode = false;
  bool count_include_pad = true;
  Extent2d extra{0, 0};  ///< as of MaxPool2dLayer
  bool wide_padding = false;
  static const OperationType type;
};
struct AdaptiveAveragePool2dLayer {
  Extent2d output{1, 1};
  static const OperationType type;
};
/// One scale and one shift per channel, given with the network: no parameters.
struct ChannelScaleLayer {
  std::vector<float> scale = {};
  std::vector<float> shift = {};
  static const OperationType type;
};
/// PyTorch's: x / (k + alpha / size * sum of squares over `size` channels around it) ^ beta.
struct LocalResponseNormLayer {
  std::int64_t size = 5;
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
  static const OperationType type;
};
struct LinearLayer {
  std::int64_t out_features = 0;
  bool bias = true;
  static const OperationType type;
};
/// N x C x H x W to N x CHW
struct FlattenLayer {
  static const OperationType type;
};
/// The identity at inference.
struct DropoutLayer {
  static const OperationType type;
};
/// Along channels.
struct ConcatLayer {
  static const OperationType type;
};
/// Of two tensors of one shape.
struct AddLayer {
  static const OperationType type;
};
/// Along the last dimension of a matrix.
struct SoftmaxLayer {
  static const OperationType type;
};
/// Of one dimension the `count` elements from `begin` on. One output of a split is one such layer: see
/// docs/architecture.md.
struct SliceLayer {
  std::int64_t axis = 1;
  std::int64_t begin = 0;
  std::int64_t count = 1;
  static const OperationType type;
};

template <class... Settings>
struct OperationList {};

/// All of the above, for what goes through all operators (tests).
using AllOperations =
    OperationList<InputLayer, Conv2dLayer, ReluLayer, Relu6Layer, ActivationLayer, MaxPool2dLayer,
                  AveragePool2dLayer, AdaptiveAveragePool2dLayer, BatchNorm2dLayer, ChannelScaleLayer,
                  LocalResponseNormLayer, LinearLayer, FlattenLayer, DropoutLayer, ConcatLayer, AddLayer,
                  SoftmaxLayer, SliceLayer>;

}  // namespace edge
