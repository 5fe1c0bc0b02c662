#include "engine/autograd/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "engine/error.h"

namespace edge::autograd {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// a += factor * b
void add_scaled(Vector& a, double factor, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += factor * b[i];
}

double largest_component(const Vector& a) {
  double largest = 0;
  for (const double value : a) largest = std::max(largest, std::abs(value));
  return largest;
}

/// The last changes of x and of the gradient, which stand for the inverse Hessian.
class History {
 public:
  explicit History(int most) : most_(static_cast<std::size_t>(std::max(most, 1))) {}

  bool empty() const { return pairs_.empty(); }
  void clear() { pairs_.clear(); }

  void push(Vector s, Vector y) {
    const double product = dot(s, y);
    // Without positive curvature the approximation would not stay positive definite.
    if (!(product > 1e-14 * std::sqrt(dot(s, s) * dot(y, y)))) return;
    if (pairs_.size() == most_) pairs_.pop_front();
    pairs_.push_back({std::move(s), std::move(y), 1 / product});
  }

  /// Algorithm 7.4: -H * gradient, with (7.20) as initial matrix.
  Vector direction(const Vector& gradient) const {
    Vector q = gradient;
    std::vector<double> alpha(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      alpha[i] = pairs_[i].rho * dot(pairs_[i].s, q);
      add_scaled(q, -alpha[i], pairs_[i].y);
    }
    const double gamma = empty() ? 1 : 1 / (pairs_.back().rho * dot(pairs_.back().y, pairs_.back().y));
    for (double& value : q) value *= gamma;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      add_scaled(q, alpha[i] - pairs_[i].rho * dot(pairs_[i].y, q), pairs_[i].s);
    }
    for (double& value : q) value = -value;
    return q;
  }

 private:
  struct Pair {
    Vector s, y;
    double rho;
  };
  std::size_t most_;
  std::deque<Pair> pairs_;
};

/// 1 / sum of magnitudes: the first step changes x by about 1.
double first_step(const Vector& gradient) {
  double sum = 0;
  for (const double value : gradient) sum += std::abs(value);
  return std::min(1.0, 1 / sum);
}

}  // namespace

LbfgsResult minimize_lbfgs(const Objective& objective, std::vector<double>& x, const LbfgsOptions& options) {
  using End = LbfgsResult::End;
  LbfgsResult result;
  Vector gradient(x.size());
  result.value = result.first_value = objective(x, gradient);
  result.evaluations = 1;
  if (!std::isfinite(result.value) || !std::isfinite(dot(gradient, gradient))) {
    throw Error("L-BFGS: the loss or its gradient is not finite at the start");
  }
  History history(options.history);
  Vector trial(x.size());
  Vector trial_gradient(x.size());
  while (true) {
    if (largest_component(gradient) <= options.gradient_tolerance) return result.end = End::gradient, result;
    if (result.iterations >= options.max_iterations || result.evaluations >= options.max_evaluations) {
      return result.end = End::limit, result;
    }
    Vector direction = history.direction(gradient);
    LinePoint start{0, result.value, dot(gradient, direction)};
    if (!(start.slope < 0)) {  // rounding got the better of the approximation
      history.clear();
      direction = history.direction(gradient);
      start.slope = dot(gradient, direction);
      if (!(start.slope < 0)) return result.end = End::no_descent, result;
    }
    double evaluated = -1;
    const auto evaluate = [&](double step) {
      trial = x;
      add_scaled(trial, step, direction);
      evaluated = step;
      const double value = objective(trial, trial_gradient);
      return LinePoint{step, value, dot(trial_gradient, direction)};
    };
    LineSearchOptions limits = options.line_search;
    limits.max_evaluations = std::min(limits.max_evaluations, options.max_evaluations - result.evaluations);
    const LineSearchResult found =
        strong_wolfe_search(evaluate, start, history.empty() ? first_step(gradient) : 1.0, limits);
    result.evaluations += found.evaluations;
    if (!(found.point.value < result.value)) {
      if (history.empty()) return result.end = End::no_descent, result;
      history.clear();  // once more along the gradient
      continue;
    }
    if (evaluated != found.point.step) {
      evaluate(found.point.step);
      ++result.evaluations;
    }
    Vector s = trial;
    add_scaled(s, -1, x);
    Vector y = trial_gradient;
    add_scaled(y, -1, gradient);
    history.push(std::move(s), std::move(y));
    x.swap(trial);
    gradient.swap(trial_gradient);
    const double gain = result.value - found.point.value;
    result.value = found.point.value;
    ++result.iterations;
    if (gain <= options.change_tolerance * std::abs(result.value)) return result.end = End::change, result;
  }
}

LbfgsResult train_lbfgs(std::span<const Variable> parameters, const std::function<Variable()>& closure,
                        const LbfgsOptions& options) {
  std::vector<double> x;
  for (const Variable& parameter : parameters) {
    x.insert(x.end(), parameter.value().values().begin(), parameter.value().values().end());
  }
  const auto assign = [&](std::span<const double> values) {
    std::size_t at = 0;
    for (const Variable& parameter : parameters) {
      Tensor target = parameter.value();
      for (float& value : target.values()) value = static_cast<float>(values[at++]);
    }
  };
  const Objective objective = [&](std::span<const double> values, std::span<double> gradient) {
    assign(values);
    for (const Variable& parameter : parameters) parameter.zero_gradient();
    const Variable loss = closure();
    loss.backward();
    std::size_t at = 0;
    for (const Variable& parameter : parameters) {
      const Tensor& from = parameter.gradient();
      const std::size_t count = parameter.value().elements();
      for (std::size_t i = 0; i < count; ++i) gradient[at++] = from.empty() ? 0.0 : double{from.data()[i]};
    }
    return double{loss.item()};
  };
  const LbfgsResult result = minimize_lbfgs(objective, x, options);
  assign(x);
  return result;
}

}  // namespace edge::autograd
