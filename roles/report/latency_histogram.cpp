// Percentiles of an endless series of durations in bounded memory.
#include "roles/report/latency_histogram.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace edge {
namespace {

constexpr double least_bound = 1e-6;
constexpr double most_bound = 1e6;
constexpr double growth = 1.01;

std::size_t bucket_of(double seconds) {
  const double clamped = std::clamp(seconds, least_bound, most_bound);
  return static_cast<std::size_t>(std::log(clamped / least_bound) / std::log(growth));
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(bucket_of(most_bound) + 1) {}

void LatencyHistogram::add(double seconds) {
  assert(!std::isnan(seconds));
  ++buckets_[bucket_of(seconds)];
  least_ = count_ == 0 ? seconds : std::min(least_, seconds);
  most_ = count_ == 0 ? seconds : std::max(most_, seconds);
  sum_ += seconds;
  ++count_;
}

double LatencyHistogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

double LatencyHistogram::quantile(double q) const {
  const double wanted = std::max(1.0, std::ceil(q * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (static_cast<double>(seen) >= wanted) {
      const double middle = least_bound * std::pow(growth, static_cast<double>(bucket) + 0.5);
      return std::clamp(middle, least_, most_);
    }
  }
  return most_;
}

}  // namespace edge
