// The layers that a graph is made of: what they compute (engine/operations.h), from what, with which
// parameters. Pure descriptions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/operation.h"
#include "engine/operations.h"
#include "engine/shape.h"

namespace edge {

/// Index of a layer in its graph's topological order. Layer 0 is the input.
using LayerIndex = int;

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
