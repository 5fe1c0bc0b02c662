// Optimisers that take one step per backward(): SGD and Adam, with PyTorch's semantics. (L-BFGS evaluates the
// loss itself: lbfgs.h.) Updates are in place: a graph recorded before a step must not be walked after it.
// Threads: see Context. No errors.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "engine/autograd/variable.h"

namespace edge::autograd {

class Optimizer {
 public:
  /// `parameters` are handles: a step changes the values that others see.
  explicit Optimizer(std::vector<Variable> parameters) : parameters_(std::move(parameters)) {}
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Forgets all gradients; call it before each backward().
  void zero_gradients();
  /// Changes the parameters by what their gradients say; those without a gradient stay.
  void step();

 protected:
  /// `gradient` has as many elements as `values`; `index` is that of the parameter.
  virtual void update(std::size_t index, std::span<float> values, std::span<const float> gradient) = 0;

 private:
  std::vector<Variable> parameters_;
};

/// Scales all gradients together so that their norm (over all parameters) is at most `largest`; returns what
/// it was before. Those without a gradient count as 0; a norm that is no finite number is left as it is.
double clip_gradients(std::span<const Variable> parameters, double largest);

struct SgdOptions {
  double learning_rate = 0.01;
  double momentum = 0;
  double weight_decay = 0;  ///< added to the gradient, times the value
  bool nesterov = false;
};

/// Stochastic gradient descent. velocity = momentum * velocity + gradient (the first one: gradient);
/// value -= learning_rate * velocity.
class Sgd final : public Optimizer {
 public:
  Sgd(const std::vector<Variable>& parameters, const SgdOptions& options);
  void set_learning_rate(double rate) { options_.learning_rate = rate; }

 private:
  void update(std::size_t index, std::span<float> values, std::span<const float> gradient) override;

  SgdOptions options_;
  std::vector<std::vector<float>> velocity_;
};

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  ///< added to the gradient, times the value
  /// AdamW (Loshchilov and Hutter 2019, algorithm 2): the values shrink by learning_rate * weight_decay
  /// instead, whatever their gradients are.
  bool decoupled_decay = false;
};

/// Kingma and Ba 2015, algorithm 1.
class Adam final : public Optimizer {
 public:
  Adam(const std::vector<Variable>& parameters, const AdamOptions& options);
  void set_learning_rate(double rate) { options_.learning_rate = rate; }

 private:
  struct Moments {
    std::vector<float> first, second;
    int steps = 0;
  };
  void update(std::size_t index, std::span<float> values, std::span<const float> gradient) override;

  AdamOptions options_;
  std::vector<Moments> moments_;
};

}  // namespace edge::autograd
