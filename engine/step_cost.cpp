#include "engine/step_cost.h"

#include <algorithm>

namespace edge {
namespace {

constexpr double forget = 0.9;       // weight of all runs before, at each new one
constexpr double usual_slope = 1.5;  // of a part's seconds to those of all, before anything was measured
constexpr double usual_fixed = 0.02;
constexpr int worth_a_look = 8;  // refused parts until one is run all the same
constexpr int enough_runs = 3;   // the first one also loads what the others find in caches

}  // namespace

void StepCost::ran_all(double seconds) {
  // The first run is not like the others: it touches its memory for the first time.
  constexpr double newest = 0.2;
  all_seconds_ = all_runs_ < 2 ? seconds : (1 - newest) * all_seconds_ + newest * seconds;
  ++all_runs_;
}

void StepCost::ran_part(double share, double seconds) {
  weight_ = forget * weight_ + 1;
  shares_ = forget * shares_ + share;
  seconds_ = forget * seconds_ + seconds;
  squares_ = forget * squares_ + share * share;
  products_ = forget * products_ + share * seconds;
}

double StepCost::expected_part(double share) const {
  if (weight_ == 0) return all_seconds_ * (usual_fixed + usual_slope * share);
  const double mean_share = shares_ / weight_;
  const double mean_seconds = seconds_ / weight_;
  const double variance = squares_ / weight_ - mean_share * mean_share;
  // All shares alike so far: in proportion, with the usual fixed part.
  constexpr double least_variance = 1e-3;
  double slope = (products_ / weight_ - mean_share * mean_seconds) / std::max(variance, least_variance);
  if (variance < least_variance) {
    const double fixed = std::min(usual_fixed * all_seconds_, mean_seconds);
    slope = mean_share > 0 ? (mean_seconds - fixed) / mean_share : 0;
  }
  return mean_seconds + std::max(slope, 0.0) * (share - mean_share);
}

bool StepCost::prefers_part(double share) {
  if (all_runs_ == 0) return share < 1;
  // Nearly equal: a few runs of all tell what it takes.
  if (all_runs_ < enough_runs && share > 0.5) return false;
  // A few slow runs at the start, when the machine was busy, must not count for ever.
  constexpr double hopeless = 0.9;
  const bool look_again = share < hopeless && ++refused_ > worth_a_look;
  if (expected_part(share) >= all_seconds_ && !look_again) return false;
  refused_ = 0;
  return true;
}

}  // namespace edge
