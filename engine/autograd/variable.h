// Automatic differentiation in reverse mode, define-by-run: each operation on Variables computes its value at
// once and records how the gradient of its output becomes gradients of its inputs; backward() walks these
// records from the newest to the oldest. Threads: see Context. Shapes that do not fit are an edge::Error that
// names them. The operations are in the other headers of this folder; docs/autograd.md lists them.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/autograd/context.h"
#include "engine/tensor.h"

namespace edge::autograd {

/// A tensor that takes part in differentiation. A handle: copies share value, gradient and history. The
/// history lives as long as a Variable that was computed from it.
class Variable {
 public:
  /// Adds its share of `gradient` (of the operation's output) to inputs[i] by add_gradient(). Captures
  /// tensors, never Variables: the history owns these already.
  using Backward = std::function<void(const Tensor& gradient, std::span<const Variable> inputs)>;

  Variable() = default;  ///< no value: an operation's optional input that is left out
  /// A leaf. With `requires_gradient` backward() collects a gradient here: a parameter.
  Variable(Context& context, Tensor value, bool requires_gradient = false);
  /// The result of an operation, for those who write one. All of `inputs` (at least one) must have the same
  /// context; it is recorded only if that records and one of the inputs requires a gradient.
  Variable(Tensor value, std::vector<Variable> inputs, Backward backward);

  bool defined() const { return node_ != nullptr; }
  Context& context() const;
  const Tensor& value() const;
  const Shape& shape() const { return value().shape(); }
  /// The only element. Throws Error if there are several.
  float item() const;

  bool requires_gradient() const;
  /// What backward() collected, a handle of what later calls add to; empty() if there is nothing yet, and
  /// always so for results of operations.
  const Tensor& gradient() const;
  void zero_gradient() const;
  /// Adds to the gradient if there shall be one. Takes over the values if nobody else has a handle of them.
  void add_gradient(Tensor gradient) const;

  /// Adds d(this) / d(leaf) to the gradients of all leaves that require one. This must have one element
  /// (throws Error). Iterative: chains may be of any length. May be repeated; gradients add up, in an order
  /// that depends on the program only.
  void backward() const;
  /// The same for sum(this * seed), for any shape.
  void backward(Tensor seed) const;
  /// The same values without history.
  Variable detach() const;

 private:
  struct Node;
  std::shared_ptr<Node> node_;
};

}  // namespace edge::autograd
