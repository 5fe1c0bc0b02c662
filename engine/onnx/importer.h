// ONNX files as networks (docs/onnx.md): the engine's graph of a model, and its weights. Thread-safe. Every
// fault is an Error, one line with the file's name and, if it concerns one, the node with its operator and
// opset.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/onnx/model.h"
#include "engine/strided_view.h"
#include "engine/weights.h"

namespace edge::onnx {

struct Network {
  Graph graph;
  std::vector<LayerIndex> outputs;        ///< in the file's order
  std::vector<std::string> output_names;  ///< as in the file
  std::unique_ptr<const WeightSource> weights;
};

/// Rows and columns of the picture that a network wants; 0: any.
struct FrameSize {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};
/// Throws Error if its input is no picture: three channels, in front of or behind rows and columns.
FrameSize frame_size(const Model& model);

/// The network for pictures of rows x columns: layer 0 is 1x3xHxW.
Network import_network(const Model& model, std::int64_t rows, std::int64_t columns);

/// Where an input of the graph is in layer 0.
struct InputBinding {
  std::string name;
  StridedView view;
  DataType type = DataType::float32;
};
/// The same for any inputs: all of them lie in layer 0, which has the shape `input`.
Network import_network(const Model& model, const Shape& input, const std::vector<InputBinding>& bindings);

}  // namespace edge::onnx
