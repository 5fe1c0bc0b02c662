// The order in which nodes can be run. Thread-safe. Throws Error without the file's name.
#pragma once

#include <string>
#include <vector>

#include "engine/onnx/model.h"

namespace edge::onnx {

/// "node "conv1" (Conv, opset 13)"; nodes without a name are called after their first output.
std::string node_label(const Node& node, std::int64_t opset);
/// The name of a node, or of its first output if it has none.
std::string node_name(const Node& node);

/// Indices of the nodes that the model's outputs need, each behind those whose outputs it takes; otherwise in
/// the file's order. Throws Error for a cycle, a value that two nodes make, one that nobody makes.
std::vector<std::size_t> node_order(const Model& model);

}  // namespace edge::onnx
