// Whether a series of measurements grows. Pure.
#pragma once

#include <optional>
#include <vector>

namespace edge::faults {

struct Sample {
  double at_s = 0;
  double value = 0;
};

struct Trend {
  double per_hour = 0;        ///< in parts of the median: 0.01 is 1 % per hour
  double least_per_hour = 0;  ///< with a confidence of 95 % it is between this ...
  double most_per_hour = 0;   ///< ... and this
  double median = 0;
};

/// Theil's and Sen's regression: the median of the slopes of all pairs, which outliers do not move; bounds by
/// the ranks of Kendall's test. Nothing for fewer than ten samples.
std::optional<Trend> trend_of(const std::vector<Sample>& samples);

}  // namespace edge::faults
