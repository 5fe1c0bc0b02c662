#include "engine/onnx/node_order.h"

#include <map>
#include <string_view>

#include "engine/error.h"
#include "engine/quoted_name.h"

namespace edge::onnx {
namespace {

enum class State : std::uint8_t { untouched, entered, done };

class Ordering {
 public:
  explicit Ordering(const Model& model) : model_(model), states_(model.nodes.size(), State::untouched) {
    for (std::size_t i = 0; i < model.nodes.size(); ++i) {
      for (const std::string& output : model.nodes[i].outputs) {
        if (output.empty()) continue;
        if (model.initializers.contains(output) || !makers_.emplace(output, i).second) {
          throw Error(node_label(model.nodes[i], model.opset) + " makes " + quoted_name(output) +
                      ", which is there already");
        }
      }
    }
    for (const ValueInfo& input : model.inputs) inputs_.emplace(input.name, 0);
  }

  std::vector<std::size_t> order() {
    for (const ValueInfo& output : model_.outputs) {
      const auto maker = makers_.find(output.name);
      if (maker != makers_.end()) {
        visit(maker->second);
      } else if (!given(output.name)) {
        throw Error("output " + quoted_name(output.name) + " is made by no node");
      }
    }
    // Nodes in the file's order are good for the eye; every valid file has one.
    std::vector<std::size_t> in_file;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] == State::done) in_file.push_back(i);
    }
    return sorted(in_file) ? in_file : order_;
  }

 private:
  struct Entry {
    std::size_t node;
    std::size_t next_input;
  };

  bool given(const std::string& name) const {
    return model_.initializers.contains(name) || inputs_.contains(name);
  }

  /// Depth first without recursion: files may be deep.
  void visit(std::size_t root) {
    if (states_[root] == State::done) return;
    std::vector<Entry> stack{{root, 0}};
    states_[root] = State::entered;
    while (!stack.empty()) {
      Entry& top = stack.back();
      const Node& node = model_.nodes[top.node];
      if (top.next_input == node.inputs.size()) {
        states_[top.node] = State::done;
        order_.push_back(top.node);
        stack.pop_back();
        continue;
      }
      const std::string& input = node.inputs[top.next_input++];
      if (input.empty() || given(input)) continue;
      const auto maker = makers_.find(input);
      if (maker == makers_.end()) {
        throw Error(node_label(node, model_.opset) + " takes " + quoted_name(input) +
                    ", which is neither made by a node nor stored in the file");
      }
      if (states_[maker->second] == State::entered) {
        throw Error(node_label(node, model_.opset) + " takes " + quoted_name(input) +
                    ", which depends on itself: the graph has a cycle");
      }
      if (states_[maker->second] == State::untouched) {
        states_[maker->second] = State::entered;
        stack.push_back({maker->second, 0});
      }
    }
  }

  bool sorted(const std::vector<std::size_t>& nodes) const {
    for (const std::size_t index : nodes) {
      for (const std::string& input : model_.nodes[index].inputs) {
        const auto maker = makers_.find(input);
        if (maker != makers_.end() && maker->second >= index) return false;
      }
    }
    return true;
  }

  const Model& model_;
  std::map<std::string_view, std::size_t> makers_;
  std::map<std::string_view, int> inputs_;
  std::vector<State> states_;
  std::vector<std::size_t> order_;
};

}  // namespace

std::string node_name(const Node& node) {
  if (!node.name.empty()) return node.name;
  for (const std::string& output : node.outputs) {
    if (!output.empty()) return output;
  }
  return node.type;
}

std::string node_label(const Node& node, std::int64_t opset) {
  std::string type;
  for (const char character : node.type.substr(0, 40)) {
    type += static_cast<unsigned char>(character) < 0x20 || character == 0x7f ? '?' : character;
  }
  return "node " + quoted_name(node_name(node)) + " (" + type + ", opset " + std::to_string(opset) + ")";
}

std::vector<std::size_t> node_order(const Model& model) {
  return Ordering(model).order();
}

}  // namespace edge::onnx
