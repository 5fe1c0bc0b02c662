// Line search for the strong Wolfe conditions: Nocedal and Wright, Numerical Optimization, 2nd edition,
// algorithms 3.5 and 3.6 with cubic interpolation (3.59). Any thread; no errors.
#pragma once

#include <functional>

namespace edge::autograd {

/// A function along a line, at one step.
struct LinePoint {
  double step = 0;
  double value = 0;
  double slope = 0;
};

struct LineSearchOptions {
  double sufficient_decrease = 1e-4;  ///< c1
  double curvature = 0.9;             ///< c2
  int max_evaluations = 25;
};

struct LineSearchResult {
  LinePoint point;     ///< where the search ended: never above the start
  bool wolfe = false;  ///< whether the conditions hold there; if not, the step may be 0
  int evaluations = 0;
};

/// From start (step 0, slope < 0) on. `evaluate` gives value and slope at a step; values that are not finite
/// count as too far.
LineSearchResult strong_wolfe_search(const std::function<LinePoint(double step)>& evaluate,
                                     const LinePoint& start, double first_step,
                                     const LineSearchOptions& options = {});

}  // namespace edge::autograd
