#include "engine/graph.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>

#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

/// Elements: what a 32-bit device can address, on others a terabyte (no product of shapes overflows then).
constexpr std::int64_t largest_output =
    sizeof(std::size_t) == 4 ? std::int64_t{1} << 29 : std::int64_t{1} << 38;

/// Each output value of a convolution or linear layer is a sum over fan_in products.
std::int64_t macs_of(const Inference& inference) {
  if (inference.parameters.empty() || inference.parameters[0].kind != ParameterKind::weight) return 0;
  return inference.output_shape.elements() * inference.parameters[0].fan_in;
}

}  // namespace

Graph::Graph(std::string name, const Shape& input_shape) : name_(std::move(name)) {
  Layer input;
  input.name = "input";
  input.operation = InputLayer{};
  input.output_shape = input_shape;
  layers_.push_back(std::move(input));
  consumers_.emplace_back();
}

LayerIndex Graph::add(const std::string& name, const Operation& operation, std::vector<LayerIndex> inputs) {
  const OperationType& type = operation.type();
  assert(type.infer != nullptr && "a graph has one input, which exists from the start");
  assert(
      std::none_of(layers_.begin(), layers_.end(), [&](const Layer& layer) { return layer.name == name; }));

  std::vector<Shape> shapes;
  for (const LayerIndex input : inputs) {
    assert(input >= 0 && input < size());
    shapes.push_back(layer(input).output_shape);
  }

  Inference inference;
  try {
    inference = type.infer(operation, shapes);
    if (inference.output_shape.elements() > largest_output) {
      throw Error("an output of " + inference.output_shape.to_string() + " is too large for this device");
    }
  } catch (const Error& error) {
    throw Error(name_ + ": layer " + name + " (" + type.name + "): " + error.what());
  }
  for (ParameterSpec& parameter : inference.parameters) parameter.name = name + "." + parameter.name;

  const std::int64_t macs = macs_of(inference);
  return add(
      {name, operation, std::move(inputs), std::move(inference.parameters), inference.output_shape, macs});
}

LayerIndex Graph::add(Layer layer) {
  const LayerIndex index = size();
  for (const LayerIndex input : layer.inputs) {
    assert(input >= 0 && input < index);
    std::vector<LayerIndex>& consumers = consumers_[static_cast<std::size_t>(input)];
    if (consumers.empty() || consumers.back() != index) consumers.push_back(index);
  }
  layers_.push_back(std::move(layer));
  consumers_.emplace_back();
  return index;
}

LayerIndex Graph::add(const std::string& name, const Operation& operation) {
  return add(name, operation, {output()});
}

const std::vector<LayerIndex>& Graph::consumers(LayerIndex index) const {
  return consumers_[static_cast<std::size_t>(index)];
}

std::vector<LayerIndex> Graph::outputs() const {
  return outputs_.empty() ? std::vector<LayerIndex>{size() - 1} : outputs_;
}

void Graph::set_outputs(std::vector<LayerIndex> outputs) {
  assert(!outputs.empty());
  for (const LayerIndex index : outputs) {
    assert(index >= 0 && index < size() && std::count(outputs.begin(), outputs.end(), index) == 1);
    static_cast<void>(index);
  }
  outputs_ = std::move(outputs);
}

std::vector<LayerIndex> Graph::boundary(LayerIndex first) const {
  assert(first >= 1 && first <= size());
  const std::vector<LayerIndex> wanted = outputs();
  std::vector<LayerIndex> crossing;
  for (LayerIndex index = 0; index < first; ++index) {
    const std::vector<LayerIndex>& users = consumers(index);
    const bool used = !users.empty() && users.back() >= first;  // ascending: back() is the last
    if (used || std::find(wanted.begin(), wanted.end(), index) != wanted.end()) crossing.push_back(index);
  }
  return crossing;
}

std::size_t Graph::output_bytes(LayerIndex index) const {
  return static_cast<std::size_t>(layer(index).output_shape.elements()) * sizeof(float);
}

std::string Graph::description() const {
  std::string text = "network " + name_ + "\n";
  for (LayerIndex index = 0; index < size(); ++index) {
    const Layer& described = layer(index);
    const OperationType& type = described.operation.type();
    text += std::to_string(index) + " " + described.name + " " + type.name;
    if (type.settings != nullptr) text += " " + type.settings(described.operation);
    text += " (";
    for (const LayerIndex input : described.inputs) {
      if (text.back() != '(') text += ' ';
      text += std::to_string(input);
    }
    text += ") -> " + described.output_shape.to_string();
    for (const ParameterSpec& parameter : described.parameters) {
      text += " " + parameter.name + ":" + parameter.shape.to_string();
    }
    text += "\n";
  }
  if (outputs() != std::vector<LayerIndex>{size() - 1}) {
    text += "outputs";
    for (const LayerIndex index : outputs_) text += " " + std::to_string(index);
    text += "\n";
  }
  return text;
}

}  // namespace edge
