// The best plan of all for a group of frames. Pure function, thread-safe, no errors.
#pragma once

#include <cstddef>

#include "roles/scheduling/pipeline_model.h"

namespace edge::scheduling {

struct SearchLimits {
  /// Bounds time and memory: how many begun plans are looked at, in units of some 50 ns on a PC. Ordinary
  /// searches need thousands; the limit is for costs that are made to be hard.
  std::size_t max_steps = 4'000'000;
};

struct Optimum {
  Plan plan;
  double finish_s = 0;    ///< PipelineModel::finish of it
  bool exact = true;      ///< false: `max_steps` was reached, there may be a better plan
  std::size_t steps = 0;  ///< of `max_steps`
};

/// The plan with the smallest PipelineModel::finish; of equal ones the one whose result is there first. How
/// it is found, and why it is the optimum: docs/scheduling.md.
Optimum find_optimum(const PipelineModel& model, const SearchLimits& limits = {});

}  // namespace edge::scheduling
