#include "engine/autograd/variable.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

#include "engine/error.h"
#include "kernels/pointwise.h"

namespace edge::autograd {

struct Variable::Node {
  Node(Context& its_context, Tensor its_value, bool wants_gradient)
      : context(&its_context),
        serial(its_context.next_serial()),
        value(std::move(its_value)),
        requires_gradient(wants_gradient) {}

  // The inputs of a long chain would be destroyed by recursion; take them apart in a loop instead.
  ~Node() {
    std::vector<Variable> pending = std::move(inputs);
    while (!pending.empty()) {
      const Variable last = std::move(pending.back());
      pending.pop_back();
      if (last.node_.use_count() == 1) {
        std::move(last.node_->inputs.begin(), last.node_->inputs.end(), std::back_inserter(pending));
        last.node_->inputs.clear();
      }
    }
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Context* context;
  std::uint64_t serial;
  Tensor value;
  Tensor gradient;
  bool requires_gradient;
  std::vector<Variable> inputs;  ///< none: a leaf
  Backward backward;
};

Variable::Variable(Context& context, Tensor value, bool requires_gradient)
    : node_(std::make_shared<Node>(context, std::move(value), requires_gradient)) {}

Variable::Variable(Tensor value, std::vector<Variable> inputs, Backward backward) {
  assert(!inputs.empty());
  bool wanted = false;
  for (const Variable& input : inputs) {
    assert(&input.context() == &inputs.front().context());
    wanted |= input.requires_gradient();
  }
  Context& context = inputs.front().context();
  wanted &= context.recording();
  node_ = std::make_shared<Node>(context, std::move(value), wanted);
  if (!wanted) return;
  node_->inputs = std::move(inputs);
  node_->backward = std::move(backward);
}

Context& Variable::context() const {
  assert(defined());
  return *node_->context;
}

const Tensor& Variable::value() const {
  assert(defined());
  return node_->value;
}

float Variable::item() const {
  if (value().elements() != 1) throw Error("item: a tensor of " + shape().to_string() + " is not one number");
  return value().data()[0];
}

bool Variable::requires_gradient() const {
  return defined() && node_->requires_gradient;
}

const Tensor& Variable::gradient() const {
  assert(defined());
  return node_->gradient;
}

void Variable::zero_gradient() const {
  assert(defined());
  node_->gradient = {};
}

void Variable::add_gradient(Tensor gradient) const {
  if (!requires_gradient()) return;
  assert(gradient.shape() == shape());
  Tensor& sum = node_->gradient;
  if (sum.empty()) {
    sum = gradient.storage().use_count() == 1 ? std::move(gradient) : gradient.clone();
  } else {
    kernels::add(node_->context->isa(), sum.data(), gradient.data(), sum.data(), sum.elements());
  }
}

void Variable::backward() const {
  if (value().elements() != 1) {
    throw Error("backward: only one number can be differentiated, not a tensor of " + shape().to_string() +
                "; sum it up or give a seed");
  }
  Tensor one(shape());
  one.data()[0] = 1;
  backward(std::move(one));
}

void Variable::backward(Tensor seed) const {
  if (seed.empty() || seed.shape() != shape()) {
    throw Error("backward: a seed of " + seed.shape().to_string() + " for a tensor of " +
                shape().to_string());
  }
  if (!requires_gradient()) throw Error("backward: nothing here requires a gradient");
  // All that is to be walked, then by age: whoever uses a node is younger than it.
  std::vector<Node*> nodes{node_.get()};
  std::unordered_set<const Node*> seen{node_.get()};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const Variable& input : nodes[i]->inputs) {
      if (input.requires_gradient() && seen.insert(input.node_.get()).second) {
        nodes.push_back(input.node_.get());
      }
    }
  }
  std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) { return a->serial > b->serial; });
  add_gradient(std::move(seed));
  try {
    for (Node* const node : nodes) {
      if (node->inputs.empty() || node->gradient.empty()) continue;
      const Tensor gradient = std::exchange(node->gradient, {});
      node->backward(gradient, node->inputs);
    }
  } catch (...) {  // out of memory: the next backward() must not start with half a sum
    for (Node* const node : nodes) {
      if (!node->inputs.empty()) node->gradient = {};
    }
    throw;
  }
}

Variable Variable::detach() const {
  return {context(), value()};
}

}  // namespace edge::autograd
