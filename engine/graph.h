// A network: layers in topological order, with shape inference. Immutable once built; safe to share between
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/array.h"
#include "engine/layer.h"

namespace edge {

class Graph {
 public:
  /// `input_shape`: 1x3xHxW. Layer 0, named "input", exists from the start.
  Graph(std::string name, const Shape& input_shape);

  /// Appends a layer and infers its shape and parameters. `inputs` are earlier layers. Throws Error, naming
  /// the layer, if shapes do not fit (a window larger than the padded image, channels that groups do not
  /// divide, unequal addends).
  LayerIndex add(const std::string& name, const Operation& operation, std::vector<LayerIndex> inputs);
  /// The same, fed by the layer added last.
  LayerIndex add(const std::string& name, const Operation& operation);

  /// Appends a layer of another graph, with other inputs of the same shapes.
  LayerIndex add(Layer layer);

  const std::string& name() const { return name_; }
  const std::vector<Layer>& layers() const { return layers_; }
  const Layer& layer(LayerIndex index) const { return layers_[static_cast<std::size_t>(index)]; }
  LayerIndex size() const { return static_cast<LayerIndex>(layers_.size()); }
  /// The layers whose outputs are the network's, in its order: the last one, unless set_outputs() said so.
  std::vector<LayerIndex> outputs() const;
  /// Of a network with several outputs, or of one whose output is not the last layer's. Different layers that
  /// exist, at least one.
  void set_outputs(std::vector<LayerIndex> outputs);
  /// The first of the network's outputs.
  LayerIndex output() const { return outputs_.empty() ? size() - 1 : outputs_.front(); }
  const std::vector<LayerIndex>& consumers(LayerIndex index) const;

  /// The tensors (as the layers that make them, ascending) that cross a cut in front of layer `first`: made
  /// before it and needed by it or a later one, or outputs of the network. boundary(size()) are the network's
  /// outputs alone. 1 <= first <= size().
  std::vector<LayerIndex> boundary(LayerIndex first) const;
  /// float32 bytes of the layer's output.
  std::size_t output_bytes(LayerIndex index) const;
  /// As what the layer's output is held and travels between devices: the input layer's are 8-bit pixels.
  ElementType output_type(LayerIndex index) const { return index == 0 ? ElementType::u8 : ElementType::f32; }
  /// Bytes of the layer's output in that form.
  std::size_t transfer_bytes(LayerIndex index) const {
    return output_bytes(index) / sizeof(float) * element_bytes(output_type(index));
  }

  /// A stable text of all layers, shapes and parameters, for hashing and for comparing devices.
  std::string description() const;

 private:
  std::string name_;
  std::vector<Layer> layers_;
  std::vector<std::vector<LayerIndex>> consumers_;
  std::vector<LayerIndex> outputs_;  ///< empty: the last layer
};

}  // namespace edge
