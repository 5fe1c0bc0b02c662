// One run: a chain of real processes, the faults of a scenario, and whether all went right.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/faults/scenario.h"
#include "tests/faults/setup.h"

namespace edge::faults {

struct Outcome {
  std::vector<std::string> mistakes;  ///< empty: right
  int lost = 0;                       ///< frames without a line
  int doubled = 0;                    ///< lines of frames that had one, or that are out of order
  int wrong = 0;                      ///< lines with another checksum
  bool hung = false;
  int orphans = 0;
  int not_struck = 0;  ///< faults that found nothing to strike
  /// Seconds from a fault's end to the next result.
  std::vector<double> recoveries;
  std::vector<double> recoveries_after_timeout;  ///< of faults that only a time-out shows
  double most_growth_mb = 0;                     ///< a process' memory beyond that of a run without faults
  double seconds = 0;
  bool right() const { return mistakes.empty(); }
};

/// Files go to `directory`, which is made. Throws Error if the chain cannot be set up at all.
Outcome run_scenario(const Setup& setup, const Scenario& scenario, const Reference& reference,
                     const std::filesystem::path& directory);

}  // namespace edge::faults
