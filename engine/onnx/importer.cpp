#include "engine/onnx/importer.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/constant_folding.h"
#include "engine/onnx/constant_weights.h"
#include "engine/onnx/graph_builder.h"
#include "engine/onnx/node_context.h"
#include "engine/onnx/node_order.h"
#include "engine/onnx/operators.h"
#include "engine/quoted_name.h"

namespace edge::onnx {
namespace {

constexpr std::size_t image_rank = 4;
constexpr std::int64_t colors = 3;

class Importer {
 public:
  Importer(const Model& model, const Shape& input)
      : model_(model),
        builder_(std::filesystem::path(model.file).filename().string(), input),
        order_(node_order(model)) {
    check_operators();
    for (const auto& [name, constant] : model.initializers) values_.emplace(name, constant_value(constant));
    for (const std::size_t index : order_) {
      for (const std::string& input_name : model.nodes[index].inputs) ++uses_[input_name];
    }
    for (const ValueInfo& output : model.outputs) ++uses_[output.name];
  }

  void bind(const InputBinding& binding) {
    Value value;
    value.type = binding.type;
    value.view = binding.view;
    value.layer = 0;
    values_.insert_or_assign(binding.name, std::move(value));
  }

  Network run() {
    for (const std::size_t index : order_) import(model_.nodes[index]);
    Network network{.graph = Graph("", Shape{}), .outputs = {}, .output_names = {}, .weights = nullptr};
    if (model_.outputs.empty()) throw Error("has no outputs");
    std::vector<LayerIndex> outputs;
    std::set<std::string> names;
    for (const ValueInfo& output : model_.outputs) {
      if (!names.insert(output.name).second) throw Error("has output " + quoted_name(output.name) + " twice");
      builder_.begin_node(output.name);
      outputs.push_back(output_layer(output.name));
      network.output_names.push_back(output.name);
    }
    GraphBuilder::Result result = builder_.finish(outputs, network.output_names);
    network.graph = std::move(result.graph);
    network.outputs = std::move(result.outputs);
    network.weights = std::make_unique<ConstantWeights>(std::move(result.constants));
    return network;
  }

 private:
  /// One line for all operators that are missing, so that nobody finds them one after the other.
  void check_operators() const {
    std::set<std::string> missing;
    std::set<std::string> all;
    const Node* first = nullptr;
    for (const std::size_t index : order_) {
      const Node& node = model_.nodes[index];
      const std::string key = node.domain.empty() ? node.type : node.domain + "." + node.type;
      all.insert(key);
      if (node.domain.empty() && find_operator(node.type) != nullptr) continue;
      missing.insert(key);
      if (first == nullptr) first = &node;
    }
    if (first == nullptr) return;
    std::string message = node_label(*first, model_.opset) + ": this operator cannot be run";
    const bool control_flow = first->type == "If" || first->type == "Loop" || first->type == "Scan";
    if (control_flow) message += " (control flow depends on values)";
    if (!first->domain.empty()) message += " (it is of the domain " + quoted_name(first->domain) + ")";
    throw Error(message + "; of the file's " + std::to_string(all.size()) + " operators " +
                std::to_string(missing.size()) + (missing.size() == 1 ? " is missing" : " are missing"));
  }

  LayerIndex output_layer(const std::string& name) {
    const auto found = values_.find(name);
    if (found == values_.end()) throw Error("output " + quoted_name(name) + " is not made");
    if (found->second.elements() == 0) throw Error("output " + quoted_name(name) + " has no elements");
    const LayerIndex layer = builder_.dense(found->second);
    // Outputs are different layers, and none is the input.
    if (layer != 0 && output_layers_.insert(layer).second) return layer;
    const Shape& shape = builder_.graph().layer(layer).output_shape;
    const StridedView whole = StridedView::whole(to_dimensions(shape));
    return builder_.add(RearrangeLayer{.from = whole, .output = shape}, {layer}).layer;
  }

  void import(const Node& node) {
    std::vector<const Value*> inputs;
    std::vector<bool> used_once;
    bool all_known = true;
    for (const std::string& name : node.inputs) {
      const auto found = name.empty() ? values_.end() : values_.find(name);
      inputs.push_back(found == values_.end() ? nullptr : &found->second);
      if (!name.empty() && found == values_.end()) {
        throw Error(node_label(node, model_.opset) + ": its input " + quoted_name(name) + " is not there");
      }
      if (inputs.back() != nullptr) all_known &= inputs.back()->is_constant();
      const auto uses = uses_.find(name);
      used_once.push_back(uses != uses_.end() && uses->second == 1);
    }
    builder_.begin_node(node_name(node));
    NodeContext context(node, model_.opset, builder_, std::move(inputs), std::move(used_once));
    try {
      std::vector<Value> made;
      if (all_known) made = fold_constants(context);
      if (made.empty()) made = find_operator(node.type)->import(context);
      store(node, std::move(made));
    } catch (const Error& error) {
      throw Error(node_label(node, model_.opset) + ": " + error.what());
    }
  }

  void store(const Node& node, std::vector<Value> made) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const std::string& name = node.outputs[i];
      if (name.empty()) continue;
      if (i < made.size()) {
        if (made[i].rank() > most_dimensions) throw Error("its result has too many dimensions");
        if (made[i].elements() == 0 && !made[i].is_constant()) made[i] = empty(made[i]);
        values_.emplace(name, std::move(made[i]));
      } else if (uses_.contains(name)) {
        throw Error("its output " + std::to_string(i) + " cannot be computed");
      }
    }
  }

  /// What has no elements depends on nothing.
  static Value empty(const Value& value) {
    return constant_value(Constant(value.type, value.dims(), {}, nullptr));
  }

  const Model& model_;
  GraphBuilder builder_;
  std::vector<std::size_t> order_;
  std::map<std::string, Value> values_;
  std::map<std::string, int> uses_;
  std::set<LayerIndex> output_layers_;
};

/// The one input of a network that looks at pictures.
const ValueInfo& picture(const Model& model) {
  if (model.inputs.size() != 1) {
    std::string names;
    for (const ValueInfo& input : model.inputs)
      names += (names.empty() ? "" : ", ") + quoted_name(input.name);
    throw Error("has " + std::to_string(model.inputs.size()) + " inputs" +
                (names.empty() ? "" : " (" + names.substr(0, 300) + ")") +
                "; a network with one picture can be run");
  }
  return model.inputs.front();
}

struct Layout {
  bool channels_last = false;
  FrameSize size;
};

Layout layout_of(const Model& model) {
  const ValueInfo& input = picture(model);
  const std::string what = "input " + quoted_name(input.name);
  if (!is_floating(input.type)) {
    throw Error(what + " is " + type_name(input.type) + "; networks for pictures of float32 can be run");
  }
  if (!input.has_shape) return {};  // as most networks have it
  const Dimensions& dims = input.dims;
  const auto fits = [](std::int64_t extent, std::int64_t wanted) { return extent < 0 || extent == wanted; };
  if (dims.size() != image_rank || !fits(dims[0], 1)) {
    throw Error(what + " is " + to_string(dims) + "; one picture, 1x3xHxW or 1xHxWx3, can be given");
  }
  if (dims[1] == colors || (dims[1] < 0 && dims[3] != colors)) {
    return {false, {std::max<std::int64_t>(dims[2], 0), std::max<std::int64_t>(dims[3], 0)}};
  }
  if (dims[3] == colors) {
    return {true, {std::max<std::int64_t>(dims[1], 0), std::max<std::int64_t>(dims[2], 0)}};
  }
  throw Error(what + " is " + to_string(dims) + "; pictures have three channels");
}

/// Names the file in what goes wrong.
template <class Action>
auto naming(const Model& model, const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    throw Error(model.file + ": " + error.what());
  }
}

}  // namespace

FrameSize frame_size(const Model& model) {
  return naming(model, [&] { return layout_of(model).size; });
}

Network import_network(const Model& model, const Shape& input, const std::vector<InputBinding>& bindings) {
  return naming(model, [&] {
    Importer importer(model, input);
    for (const InputBinding& binding : bindings) importer.bind(binding);
    return importer.run();
  });
}

Network import_network(const Model& model, std::int64_t rows, std::int64_t columns) {
  const auto [layout, name] = naming(model, [&] {
    const Layout found = layout_of(model);
    const bool fits = (found.size.rows == 0 || found.size.rows == rows) &&
                      (found.size.columns == 0 || found.size.columns == columns);
    if (!fits) {
      const auto text = [](std::int64_t extent) { return extent == 0 ? "any" : std::to_string(extent); };
      throw Error("takes pictures of " + text(found.size.rows) + " x " + text(found.size.columns) +
                  " (rows x columns), not " + std::to_string(rows) + " x " + std::to_string(columns) +
                  ": leave frame_size (--size) out, or set it to that");
    }
    return std::pair(found, picture(model).name);
  });
  const Shape input{1, colors, rows, columns};
  StridedView view = StridedView::whole({1, colors, rows, columns});
  if (layout.channels_last) view = view.transposed({0, 2, 3, 1});
  return import_network(model, input, {{name, view, DataType::float32}});
}

}  // namespace edge::onnx
