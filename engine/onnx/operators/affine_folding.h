// Products and sums with constants, as part of the layer in front of them. One thread.
#pragma once

#include <optional>

#include "engine/array_operations.h"
#include "engine/onnx/node_context.h"

namespace edge::onnx {

/// function(a, b), if one is a constant and the other is made for this node alone: by a convolution, whose
/// weights and bias take one number per output channel, or by an activation, which takes one number in all
/// (Activation::scaled()). Inputs 0 and 1 of the node are a and b.
std::optional<Value> fold_affine(NodeContext& node, BinaryFunction function, const Value& a, const Value& b);

}  // namespace edge::onnx
