// Files of ONNX that a test writes, as networks.
#pragma once

#include <cstdint>
#include <string>

#include "engine/executor.h"
#include "engine/onnx/importer.h"
#include "tests/engine/onnx_support.h"
#include "tests/engine/support.h"

namespace edge::test {

/// The file as a network for pictures of that size.
inline onnx::Network import(const OnnxFile& file, std::int64_t rows = 4, std::int64_t columns = 6) {
  return onnx::import_network(file.model(), rows, columns);
}

/// "conv2d relu ..." without the input.
inline std::string operations(const Graph& graph) {
  std::string names;
  for (LayerIndex index = 1; index < graph.size(); ++index) {
    names += (names.empty() ? "" : " ") + std::string(operation_name(graph.layer(index).operation));
  }
  return names;
}

/// Its first output.
inline Array run(const onnx::Network& network, const Tensor& input) {
  Executor executor(network.graph, *network.weights, executor_options());
  return executor.run_range(1, network.graph.size(), {{0, input}}).at(network.outputs.front());
}

/// A file whose input "x" is a picture of any size.
inline OnnxFile picture(std::int64_t opset = 13) {
  return OnnxFile(opset).input("x", {-1, 3, -1, -1});
}

}  // namespace edge::test
