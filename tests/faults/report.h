// What all runs came to. One thread at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/faults/fault_run.h"
#include "tests/faults/scenario.h"

namespace edge::faults {

class Report {
 public:
  void add(const Scenario& scenario, const Outcome& outcome);
  /// A scenario without a fault that the program can be asked to bear.
  void leave_out(const Scenario& scenario);
  bool all_right() const { return wrong_runs_ == 0; }
  /// Which kinds met which moments, what was left out, and the last line.
  std::string text() const;

 private:
  int runs_ = 0, runs_with_tls_ = 0, wrong_runs_ = 0;
  int lost_ = 0, doubled_ = 0, wrong_ = 0, hangs_ = 0, orphans_ = 0, not_struck_ = 0, left_out_runs_ = 0;
  double most_growth_mb_ = 0;
  std::vector<double> recoveries_, recoveries_after_timeout_;
  std::map<Kind, std::map<Moment, int>> struck_;
  std::map<std::string, int> left_out_;
};

}  // namespace edge::faults
