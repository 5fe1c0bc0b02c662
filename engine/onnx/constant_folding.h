// Computes nodes whose inputs are all known: the arithmetic on shapes that exporters leave in a file. One
// thread.
#pragma once

#include <vector>

#include "engine/onnx/node_context.h"

namespace edge::onnx {

/// The node's outputs; empty if it is of no kind that is computed during import, or too large for that. All
/// its inputs must be constants. Numbers are computed in double precision and rounded to their type once.
std::vector<Value> fold_constants(NodeContext& node);

}  // namespace edge::onnx
