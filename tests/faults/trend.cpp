#include "tests/faults/trend.h"

#include <algorithm>
#include <cmath>

namespace edge::faults {
namespace {

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::optional<Trend> trend_of(const std::vector<Sample>& samples) {
  constexpr std::size_t fewest = 10;
  constexpr double hour_s = 3600;
  if (samples.size() < fewest) return std::nullopt;
  std::vector<double> slopes;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t j = i + 1; j < samples.size(); ++j) {
      if (samples[j].at_s <= samples[i].at_s) continue;
      slopes.push_back((samples[j].value - samples[i].value) / (samples[j].at_s - samples[i].at_s));
    }
  }
  std::sort(slopes.begin(), slopes.end());
  const auto n = static_cast<double>(samples.size());
  constexpr double normal_95 = 1.96;
  const double spread = normal_95 * std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
  const auto pairs = static_cast<double>(slopes.size());
  const auto at = [&](double rank) {
    return slopes[static_cast<std::size_t>(std::clamp(rank, 0.0, pairs - 1))];
  };
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.value);
  const double median = median_of(std::move(values));
  const double scale = median > 0 ? hour_s / median : 0;
  return Trend{.per_hour = scale * at(pairs / 2),
               .least_per_hour = scale * at((pairs - spread) / 2),
               .most_per_hour = scale * at((pairs + spread) / 2),
               .median = median};
}

}  // namespace edge::faults
