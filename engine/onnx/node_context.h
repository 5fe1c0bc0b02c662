// What the import of one node works with: its inputs as values, its attributes, the graph that is built. All
// functions throw Error without the node's name, which the importer puts in front. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/onnx/graph_builder.h"
#include "engine/onnx/model.h"
#include "engine/onnx/value.h"

namespace edge::onnx {

class NodeContext {
 public:
  /// `inputs`: null where none is given. `input_names`: of what is as in the file, else empty.
  NodeContext(const Node& node, std::int64_t opset, GraphBuilder& builder, std::vector<const Value*> inputs,
              std::vector<bool> used_once)
      : node_(node),
        opset_(opset),
        builder_(builder),
        inputs_(std::move(inputs)),
        used_once_(std::move(used_once)) {}

  const Node& node() const { return node_; }
  std::int64_t opset() const { return opset_; }
  GraphBuilder& builder() const { return builder_; }

  std::size_t inputs() const { return inputs_.size(); }
  bool has(std::size_t index) const { return index < inputs_.size() && inputs_[index] != nullptr; }
  const Value& input(std::size_t index) const;
  /// Whether nothing but this node needs that input.
  bool used_once(std::size_t index) const { return used_once_[index]; }

  /// Input `index` as a layer with its extents and elements in order.
  LayerIndex layer(std::size_t index) const { return builder_.dense(input(index)); }

  // Attributes, or what holds without them.
  std::int64_t integer(const std::string& name, std::int64_t fallback) const;
  float number(const std::string& name, float fallback) const;
  /// The shortest decimal number that is stored as this float32: 1e-5 where an exporter was given 1e-5.
  double decimal(const std::string& name, double fallback) const;
  std::string text(const std::string& name, const std::string& fallback) const;
  std::optional<std::vector<std::int64_t>> integers(const std::string& name) const;

  // Inputs that must be known.
  const Value& known(std::size_t index, const char* what) const;
  std::vector<std::int64_t> known_integers(std::size_t index, const char* what) const;
  std::vector<double> known_numbers(std::size_t index, const char* what) const;
  /// A list that is an attribute in old opsets and an input in new ones.
  std::optional<std::vector<std::int64_t>> list(const std::string& attribute, std::size_t input) const;
  /// Input `index` as a parameter of a layer, of these extents: keeps its name if it is one of the file's.
  BoundParameter parameter(std::size_t index, const char* what) const;

  /// 0 <= axis < rank of what may count from the end. Throws Error.
  static std::size_t axis(std::int64_t axis, std::size_t rank);
  static std::vector<std::size_t> axes(const std::vector<std::int64_t>& axes, std::size_t rank);

 private:
  const Attribute* attribute(const std::string& name, Attribute::Kind kind) const;

  const Node& node_;
  std::int64_t opset_;
  GraphBuilder& builder_;
  std::vector<const Value*> inputs_;
  std::vector<bool> used_once_;
};

}  // namespace edge::onnx
