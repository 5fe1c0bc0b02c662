#include "engine/onnx/graph_builder.h"

#include <cassert>
#include <utility>

#include "engine/array_operations.h"
#include "engine/error.h"

namespace edge::onnx {

Shape to_shape(const Dimensions& dims) {
  if (dims.size() > Shape::max_rank) {
    throw Error("a tensor of " + to_string(dims) + " has more than " + std::to_string(Shape::max_rank) +
                " dimensions");
  }
  return Shape(std::span<const std::int64_t>(dims));
}

Dimensions to_dimensions(const Shape& shape) {
  return {shape.extents().begin(), shape.extents().end()};
}

GraphBuilder::GraphBuilder(const std::string& name, const Shape& input) : graph_(name, input) {
  parameters_.emplace_back();
  names_.insert(graph_.layer(0).name);
}

namespace {

/// A name from a file, fit for messages and tables.
std::string printable_name(const std::string& name) {
  constexpr std::size_t longest = 200;
  std::string result = name.substr(0, longest);
  for (char& character : result) {
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) character = '?';
  }
  return result;
}

}  // namespace

void GraphBuilder::begin_node(const std::string& name) {
  node_ = printable_name(name);
}

std::string GraphBuilder::unique_name(const std::string& suffix) {
  const std::string wanted = suffix.empty() ? node_ : node_ + "." + suffix;
  std::string name = wanted;
  for (int number = 2; !names_.insert(name).second; ++number) name = wanted + "#" + std::to_string(number);
  return name;
}

Value GraphBuilder::add(const Operation& operation, const std::vector<LayerIndex>& inputs,
                        std::vector<BoundParameter> parameters, const std::string& suffix) {
  const std::string name = unique_name(suffix);
  LayerIndex index = 0;
  try {
    index = graph_.add(name, operation, inputs);
  } catch (const Error& error) {
    // The node is named by the importer already.
    const std::string prefix = graph_.name() + ": layer " + name + " (" + operation_name(operation) + "): ";
    const std::string message = error.what();
    throw Error(message.starts_with(prefix) ? message.substr(prefix.size()) : message);
  }
  const Layer& layer = graph_.layer(index);
  assert(layer.parameters.size() == parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].value.elements() != layer.parameters[i].shape.elements()) {
      throw Error("its " + layer.parameters[i].name.substr(layer.name.size() + 1) + " is " +
                  to_string(parameters[i].value.dims()) + " where " + layer.parameters[i].shape.to_string() +
                  " is needed");
    }
  }
  parameters_.push_back(std::move(parameters));
  Value value;
  value.view = StridedView::whole(to_dimensions(layer.output_shape));
  value.layer = index;
  return value;
}

Value GraphBuilder::add(Layer layer, std::vector<BoundParameter> parameters, const std::string& suffix) {
  const std::string prefix = std::exchange(layer.name, unique_name(suffix)) + ".";
  assert(layer.parameters.size() == parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].name.empty()) continue;
    std::string& name = layer.parameters[i].name;
    name = layer.name + "." + (name.starts_with(prefix) ? name.substr(prefix.size()) : name);
  }
  Value value;
  value.view = StridedView::whole(to_dimensions(layer.output_shape));
  value.layer = graph_.add(std::move(layer));
  parameters_.push_back(std::move(parameters));
  return value;
}

void GraphBuilder::count_computed(std::int64_t elements) {
  constexpr std::int64_t most_in_all = std::int64_t{1} << 26;
  computed_ += elements;
  if (computed_ > most_in_all) throw Error("too many constants are to be computed during import");
}

const Layer* GraphBuilder::producer(const Value& value) const {
  if (value.is_constant()) return nullptr;
  const Layer& layer = graph_.layer(value.layer);
  const bool whole =
      value.view.contiguous() && value.view.offset == 0 && value.dims() == to_dimensions(layer.output_shape);
  return whole ? &layer : nullptr;
}

LayerIndex GraphBuilder::dense(const Value& value) {
  const Shape shape = to_shape(value.dims());
  if (value.elements() == 0) throw Error("a tensor of " + to_string(value.dims()) + " has no elements");
  if (value.is_constant()) {
    // Behind the input, so that every layer has one; its values are not looked at.
    return add(ConstantLayer{.output = shape}, {0}, {{value}}, "constant").layer;
  }
  if (producer(value) != nullptr) return value.layer;
  const char* const suffix = value.view.contiguous() ? "reshape" : "copy";
  return add(RearrangeLayer{.from = value.view, .output = shape}, {value.layer}, {}, suffix).layer;
}

Value GraphBuilder::in_order(const Value& value) {
  if (value.view.contiguous() && (value.is_constant() || value.view.offset == 0)) {
    const std::int64_t all = value.is_constant() ? static_cast<std::int64_t>(value.constant->elements())
                                                 : graph_.layer(value.layer).output_shape.elements();
    if (value.elements() == all && value.view.offset == 0) return value;
  }
  if (value.is_constant()) {
    count_computed(value.elements());
    Value result = constant_value(onnx::in_order(value, most_elements));
    result.type = value.type;
    return result;
  }
  Value result = value;
  // A copy may have any number of dimensions, a tensor at most six.
  const Dimensions dims = value.rank() <= Shape::max_rank ? value.dims() : Dimensions{value.elements()};
  result.layer =
      add(RearrangeLayer{.from = value.view, .output = to_shape(dims)}, {value.layer}, {}, "copy").layer;
  result.view = StridedView::whole(value.dims());
  return result;
}

Value GraphBuilder::reshaped(const Value& value, const Dimensions& dims) {
  if (element_count(dims) != value.elements()) {
    throw Error("cannot reshape " + to_string(value.dims()) + " to " + to_string(dims));
  }
  if (const auto view = value.view.reshaped(dims)) return viewed(value, *view);
  const Value copy = in_order(value);
  return viewed(copy, StridedView::whole(dims));
}

GraphBuilder::Result GraphBuilder::finish(const std::vector<LayerIndex>& outputs,
                                          const std::vector<std::string>& names) const {
  std::vector<bool> needed(static_cast<std::size_t>(graph_.size()), false);
  std::map<LayerIndex, std::string> output_names;
  std::set<std::string> taken{graph_.layer(0).name};
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    needed[static_cast<std::size_t>(outputs[i])] = true;
    std::string name = printable_name(names[i]);
    if (name == graph_.layer(0).name) name += "#2";
    output_names.emplace(outputs[i], name);
    taken.insert(name);
  }
  for (LayerIndex index = graph_.size(); index-- > 0;) {
    if (!needed[static_cast<std::size_t>(index)]) continue;
    for (const LayerIndex input : graph_.layer(index).inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  Result result{.graph = Graph(graph_.name(), graph_.layer(0).output_shape), .outputs = {}, .constants = {}};
  std::vector<LayerIndex> moved_to(static_cast<std::size_t>(graph_.size()), 0);
  for (LayerIndex index = 1; index < graph_.size(); ++index) {
    if (!needed[static_cast<std::size_t>(index)]) continue;
    Layer layer = graph_.layer(index);
    const std::vector<BoundParameter>& bound = parameters(index);
    for (std::size_t i = 0; i < bound.size(); ++i) {
      ParameterSpec& parameter = layer.parameters[i];
      if (!bound[i].name.empty()) parameter.name = bound[i].name;
      result.constants.emplace(parameter.name, bound[i].value);
    }
    const auto output_name = output_names.find(index);
    if (output_name != output_names.end()) {
      layer.name = output_name->second;
    } else {
      const std::string wanted = layer.name;
      for (int number = 2; !taken.insert(layer.name).second; ++number) {
        layer.name = wanted + "#" + std::to_string(number);
      }
    }
    for (LayerIndex& input : layer.inputs) input = moved_to[static_cast<std::size_t>(input)];
    moved_to[static_cast<std::size_t>(index)] = result.graph.add(std::move(layer));
  }
  for (const LayerIndex output : outputs) {
    result.outputs.push_back(moved_to[static_cast<std::size_t>(output)]);
  }
  result.graph.set_outputs(result.outputs);
  return result;
}

}  // namespace edge::onnx
