// How long a step takes, as a whole and in part, from what was measured: which of both is faster decides what
// is run. Results have the same bits either way. One owner.
#pragma once

namespace edge {

class StepCost {
 public:
  void ran_all(double seconds);
  /// A run of a part: `share` of the positions were marked.
  void ran_part(double share, double seconds);
  /// Whether a part is to be run: it is expected to be faster, or it is time to see again whether it is.
  bool prefers_part(double share);

 private:
  double expected_part(double share) const;

  double all_seconds_ = 0;  ///< mean of late, without the first run
  int all_runs_ = 0;
  int refused_ = 0;  ///< parts since the last one that was run
  // Weighted sums for a straight line through (share, seconds); older runs count less and less.
  double weight_ = 0, shares_ = 0, seconds_ = 0, squares_ = 0, products_ = 0;
};

}  // namespace edge
