// A perceptron with one logistic hidden unit and one output, trained with our autograd and L-BFGS.
// Thread-safe; deterministic.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace edge::trainer {

/// shift + scale / (1 + exp(-(bias + weights . x)))
struct HiddenUnit {
  std::vector<double> weights;
  double bias = 0;
  double shift = 0;
  double scale = 1;
  double loss = 0;  ///< about the mean absolute error, and the pull, at the end of the training

  double hidden(std::span<const double> x) const;
};

struct HiddenUnitOptions {
  double pull = 1e-4;       ///< times the square of each weight's, bias' and scale's way from the start
  bool keep_shift = false;  ///< the shift stays as it is
  int max_iterations = 500;
};

/// x: [targets.size() x weights]; both should be of the order of 1. Never worse than `start`.
HiddenUnit train_hidden_unit(const HiddenUnit& start, std::span<const double> x,
                             std::span<const double> targets, const HiddenUnitOptions& options);

}  // namespace edge::trainer
