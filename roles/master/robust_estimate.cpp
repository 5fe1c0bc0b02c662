#include "roles/master/robust_estimate.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace edge {
namespace {

constexpr std::size_t most_samples = 9;
constexpr std::ptrdiff_t agreeing_samples = 3;
constexpr double changed_by = 1.25;  // a factor

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace

void RobustEstimate::add(double sample) {
  assert(std::isfinite(sample) && sample > 0);
  const std::optional<double> before = value();
  samples_.push_back(sample);
  if (before && has_changed(*before)) samples_.erase(samples_.begin(), samples_.end() - agreeing_samples);
  if (samples_.size() > most_samples) samples_.pop_front();
}

void RobustEstimate::scale(double factor) {
  for (double& sample : samples_) sample *= factor;
}

bool RobustEstimate::has_changed(double median) const {
  if (static_cast<std::ptrdiff_t>(samples_.size()) <= agreeing_samples) return false;
  const auto newest = samples_.end() - agreeing_samples;
  return std::all_of(newest, samples_.end(), [&](double value) { return value > median * changed_by; }) ||
         std::all_of(newest, samples_.end(), [&](double value) { return value < median / changed_by; });
}

std::optional<double> RobustEstimate::value() const {
  if (samples_.empty()) return std::nullopt;
  return median_of({samples_.begin(), samples_.end()});
}

}  // namespace edge
