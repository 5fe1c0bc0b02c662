// Minimisation by L-BFGS: Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4 and 7.5.
// Deterministic. Threads: none of its own; minimize() any, train_lbfgs() see Context.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/autograd/line_search.h"
#include "engine/autograd/variable.h"

namespace edge::autograd {

struct LbfgsOptions {
  int max_iterations = 100;
  int max_evaluations = 10000;
  int history = 10;                  ///< pairs of changes that stand for the Hessian
  double gradient_tolerance = 1e-7;  ///< ends when no component of the gradient is larger ...
  double change_tolerance = 1e-12;   ///< ... or an iteration gains less than this share of the value
  LineSearchOptions line_search = {};
};

struct LbfgsResult {
  enum class End : std::uint8_t {
    gradient,    ///< converged: gradient_tolerance
    change,      ///< converged: change_tolerance
    no_descent,  ///< as far as the objective's rounding lets it see
    limit        ///< max_iterations or max_evaluations
  };
  End end = End::limit;
  double first_value = 0;
  double value = 0;
  int iterations = 0;
  int evaluations = 0;
};

/// Fills in the gradient at x and returns the value. Where that is not finite, the search steps back.
using Objective = std::function<double(std::span<const double> x, std::span<double> gradient)>;

/// Improves x. Throws Error if the objective is not finite at the start.
LbfgsResult minimize_lbfgs(const Objective& objective, std::vector<double>& x,
                           const LbfgsOptions& options = {});

/// Improves the values of `parameters`. `closure` computes the loss, a scalar, from their current values, the
/// same way each time; gradients are cleared and computed here. Steps are taken in double precision, the loss
/// is what float32 makes of it. Throws Error as minimize_lbfgs().
LbfgsResult train_lbfgs(std::span<const Variable> parameters, const std::function<Variable()>& closure,
                        const LbfgsOptions& options = {});

}  // namespace edge::autograd
