#include "engine/autograd/line_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace edge::autograd {
namespace {

/// The minimum of the cubic through two values and slopes (3.59), or NaN.
double cubic_minimum(const LinePoint& a, const LinePoint& b) {
  const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
  const double square = d1 * d1 - a.slope * b.slope;
  const double d2 = std::copysign(std::sqrt(square), b.step - a.step);
  return b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
}

class Search {
 public:
  Search(const std::function<LinePoint(double)>& evaluate, const LinePoint& start,
         const LineSearchOptions& options)
      : evaluate_(evaluate), start_(start), options_(options) {}

  /// Algorithm 3.5: steps grow until they enclose an interval with acceptable points.
  LineSearchResult run(double step) {
    LinePoint previous = start_;
    while (may_evaluate()) {
      const LinePoint current = at(step);
      if (too_high(current) || (previous.step > 0 && current.value >= previous.value)) {
        return zoom(previous, current);
      }
      if (flat(current)) return {current, true, evaluations_};
      if (current.slope >= 0) return zoom(current, previous);
      // The next step: where the cubic has its minimum, between two and ten times as far.
      const double guess = cubic_minimum(previous, current);
      previous = current;
      step = std::isfinite(guess) ? std::clamp(guess, 2 * step, 10 * step) : 2 * step;
    }
    return {previous, false, evaluations_};
  }

 private:
  /// Algorithm 3.6. `low` has the smaller value of the two and decreases sufficiently (or is the start); an
  /// acceptable step lies between them.
  LineSearchResult zoom(LinePoint low, LinePoint high) {
    constexpr double margin = 0.1;      // of the interval, so that it shrinks
    constexpr double shrinkage = 0.66;  // of the interval in two steps, else it is halved
    double width_before = INFINITY;
    double width_before_that = INFINITY;
    while (may_evaluate()) {
      const double left = std::min(low.step, high.step);
      const double width = std::abs(high.step - low.step);
      if (!(width > 1e-15 * std::max(left, 1e-300))) break;
      double step = cubic_minimum(low, high);
      if (!(step > left + margin * width && step < left + (1 - margin) * width) ||
          width > shrinkage * width_before_that) {
        step = left + width / 2;
        width_before = INFINITY;
      }
      width_before_that = std::exchange(width_before, width);
      const LinePoint current = at(step);
      if (too_high(current) || current.value >= low.value) {
        high = current;
      } else {
        if (flat(current)) return {current, true, evaluations_};
        if (current.slope * (high.step - low.step) >= 0) high = low;
        low = current;
      }
    }
    return {low, false, evaluations_};
  }

  LinePoint at(double step) {
    ++evaluations_;
    LinePoint point = evaluate_(step);
    point.step = step;
    if (!std::isfinite(point.value) || !std::isfinite(point.slope)) point.value = point.slope = INFINITY;
    return point;
  }
  bool may_evaluate() const { return evaluations_ < options_.max_evaluations; }
  bool too_high(const LinePoint& point) const {
    return point.value > start_.value + options_.sufficient_decrease * point.step * start_.slope;
  }
  bool flat(const LinePoint& point) const {
    return std::abs(point.slope) <= -options_.curvature * start_.slope;
  }

  const std::function<LinePoint(double)>& evaluate_;
  const LinePoint start_;
  const LineSearchOptions options_;
  int evaluations_ = 0;
};

}  // namespace

LineSearchResult strong_wolfe_search(const std::function<LinePoint(double step)>& evaluate,
                                     const LinePoint& start, double first_step,
                                     const LineSearchOptions& options) {
  return Search(evaluate, start, options).run(first_step);
}

}  // namespace edge::autograd
