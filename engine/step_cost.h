// How long a step takes, as a whole and in part, from what was measured: which of both is faster decides what
// is run. Results have the same bits either way. One owner.
#pragma once

namespace edge {

class StepCost {
 public:
  void ran_all(double seconds);
  /// A run of a part: `share` of the positions were marked.
  void ran_part(double share, double seconds);
  /// Whether a part is expected to be faster.
  bool part_is_faster(double share) const;

 private:
  double expected_part(double share) const;

  double all_seconds_ = 0;  ///< the shortest; 0: not yet
  int all_runs_ = 0;
  // Weighted sums for a straight line through (share, seconds); older runs count less and less.
  double weight_ = 0, shares_ = 0, seconds_ = 0, squares_ = 0, products_ = 0;
};

}  // namespace edge
