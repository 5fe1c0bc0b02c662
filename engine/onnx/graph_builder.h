// Builds the engine's graph of an ONNX file, layer by layer, with the constants that are its parameters. One
// thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/onnx/constant.h"
#include "engine/onnx/value.h"

namespace edge::onnx {

/// A layer's parameter: its values, and the name that they have in the file if they are served as they are.
struct BoundParameter {
  Value value;            ///< a constant
  std::string name = {};  ///< empty: it is called after the layer
};

class GraphBuilder {
 public:
  /// Elements of a constant that import computes, at most: 16 MB as float32.
  static constexpr std::size_t most_elements = std::size_t{1} << 22;

  GraphBuilder(const std::string& name, const Shape& input);

  /// The layers that are made until the next call are called after this node.
  void begin_node(const std::string& name);

  /// Appends a layer, named after the node and `suffix`. `parameters` are in the order of the operation's.
  /// Throws Error if shapes do not fit. The value has the layer's output shape.
  Value add(const Operation& operation, const std::vector<LayerIndex>& inputs,
            std::vector<BoundParameter> parameters = {}, const std::string& suffix = "");
  /// The same of a layer whose shapes are known: its name is completed, and those of parameters that have
  /// none in the file.
  Value add(Layer layer, std::vector<BoundParameter> parameters, const std::string& suffix = "");

  /// A layer whose output has exactly the value's extents and elements, in order.
  LayerIndex dense(const Value& value);
  /// The same as a value: a constant stays one.
  Value in_order(const Value& value);
  /// The value under other extents with as many elements; a copy if need be.
  Value reshaped(const Value& value, const Dimensions& dims);

  /// Counts the elements of a constant that is computed. Throws Error when they are too many in all, so that
  /// a small file cannot take all memory.
  void count_computed(std::int64_t elements);

  /// The layer that makes exactly this value, else null.
  const Layer* producer(const Value& value) const;
  /// The constants that the parameters of a layer are bound to.
  const std::vector<BoundParameter>& parameters(LayerIndex layer) const {
    return parameters_[static_cast<std::size_t>(layer)];
  }
  const Graph& graph() const { return graph_; }

  /// What the outputs need, with the parameters' final names; `outputs` (all different) become indices of the
  /// result, and its outputs, called `names`. The constants are those of the parameters, by their names.
  struct Result {
    Graph graph;
    std::vector<LayerIndex> outputs;
    std::map<std::string, Value> constants;
  };
  Result finish(const std::vector<LayerIndex>& outputs, const std::vector<std::string>& names) const;

 private:
  std::string unique_name(const std::string& suffix);

  Graph graph_;
  std::vector<std::vector<BoundParameter>> parameters_;  ///< by layer
  std::string node_;
  std::set<std::string> names_;
  std::int64_t computed_ = 0;
};

/// As a Shape; throws Error for more than six dimensions.
Shape to_shape(const Dimensions& dims);
Dimensions to_dimensions(const Shape& shape);

}  // namespace edge::onnx
