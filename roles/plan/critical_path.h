// Why a group is not finished earlier. Pure function, thread-safe, no errors.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "roles/scheduling/pipeline_model.h"

namespace edge::plan {

/// The chain of waits that ends with the group's last frame leaving the last stage: seconds that it spends in
/// each stage, and what it had to wait for first. All add up to the finish.
struct CriticalPath {
  std::vector<double> stage_s;
  double ready_s = 0;    ///< until the first of them was free
  int ready_stage = -1;  ///< -1: none had to be waited for
  std::size_t dearest() const;
};

CriticalPath critical_path(const scheduling::StageTable& cost, std::span<const double> ready);

/// "transfer into worker 2", "computation on worker 0"
std::string stage_name(std::size_t stage);

}  // namespace edge::plan
