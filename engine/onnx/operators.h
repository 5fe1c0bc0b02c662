// The operators that can be imported. A new one is a function in a file of operators/, registered in that
// file's list.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/onnx/node_context.h"

namespace edge::onnx {

struct Operator {
  const char* type;  ///< "Conv"
  /// Adds what the node means to the graph, and gives its outputs (as many as it can; the last of those that
  /// the node has may be missing, if they are not used). Throws Error.
  std::vector<Value> (*import)(NodeContext& node);
};

// By file of operators/.
std::span<const Operator> arithmetic_operators();
std::span<const Operator> convolution_operators();
std::span<const Operator> function_operators();
std::span<const Operator> normalization_operators();
std::span<const Operator> pooling_operators();
std::span<const Operator> product_operators();
std::span<const Operator> rearranging_operators();
std::span<const Operator> reduction_operators();
std::span<const Operator> resize_operators();
std::span<const Operator> selection_operators();
std::span<const Operator> shape_operators();

/// Null if there is none. Of the default domain.
const Operator* find_operator(const std::string& type);

}  // namespace edge::onnx
