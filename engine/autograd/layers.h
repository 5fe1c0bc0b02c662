// The modules that networks are made of. Weights and biases start as PyTorch's do, uniform in +-1 /
// sqrt(inputs per output), unless Initial says otherwise, from the generator that is passed in. Threads: see
// Context.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/autograd/batch_norm.h"
#include "engine/autograd/convolution.h"
#include "engine/autograd/module.h"
#include "engine/autograd/random.h"

namespace edge::autograd {

/// How weights start: as PyTorch's do, or uniform with He's variance of 2 / inputs per output and biases of 0
/// (He et al. 2015, section 2.2), which keeps the size of values through many layers with ReLU.
enum class Initial : std::uint8_t { pytorch, he };

/// N x in_features to N x out_features; "weight"[out x in], "bias"[out].
class Linear final : public Module {
 public:
  Linear(Context& context, std::int64_t in_features, std::int64_t out_features, Generator& generator,
         bool bias = true);
  Variable forward(const Variable& x) override;

 private:
  Variable weight_, bias_;
};

/// "weight"[out x in/groups x rows x columns], "bias"[out].
class Conv2d final : public Module {
 public:
  /// Throws Error if the channels do not divide into the groups.
  Conv2d(Context& context, std::int64_t in_channels, std::int64_t out_channels, const Extent2d& kernel,
         const Conv2dOptions& options, Generator& generator, bool bias = true,
         Initial initial = Initial::pytorch);
  Variable forward(const Variable& x) override;

 private:
  Conv2dOptions options_;
  Variable weight_, bias_;
};

/// Over N x C x ...; "weight", "bias", "running_mean", "running_var", all [C].
class BatchNorm final : public Module {
 public:
  BatchNorm(Context& context, std::int64_t channels, const BatchNormOptions& options = {});
  Variable forward(const Variable& x) override;

 private:
  BatchNormOptions options_;
  Variable weight_, bias_;
  Tensor running_mean_, running_variance_;
};

/// Dropout while training. `generator` must outlive it.
class Dropout final : public Module {
 public:
  Dropout(double probability, Generator& generator) : probability_(probability), generator_(generator) {}
  Variable forward(const Variable& x) override;

 private:
  double probability_;
  Generator& generator_;
};

/// Anything without parameters: Function(relu), Function(flatten) ...
class Function final : public Module {
 public:
  explicit Function(std::function<Variable(const Variable&)> function) : function_(std::move(function)) {}
  Variable forward(const Variable& x) override { return function_(x); }

 private:
  std::function<Variable(const Variable&)> function_;
};

/// One after the other; their names are "0", "1" ...
class Sequential final : public Module {
 public:
  /// Makes a module and appends it.
  template <class M, class... Arguments>
  Sequential& add(Arguments&&... arguments) {
    return append(std::make_unique<M>(std::forward<Arguments>(arguments)...));
  }
  Sequential& append(std::unique_ptr<Module> module);
  Variable forward(const Variable& x) override;

 private:
  std::vector<std::unique_ptr<Module>> modules_;
};

}  // namespace edge::autograd
