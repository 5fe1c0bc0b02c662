// Percentiles of an endless series of durations in bounded memory. Plain value, one thread.
#pragma once

#include <cstdint>
#include <vector>

namespace edge {

/// Counts durations in buckets that are 1 % wide, from 1 us to 10^6 s. A quantile is within 0.5 % of a value
/// that was added (durations outside count as the nearest bucket); mean, least and most are exact. 22 kB.
class LatencyHistogram {
 public:
  LatencyHistogram();
  void add(double seconds);
  std::uint64_t count() const { return count_; }
  double mean() const;
  double most() const { return most_; }
  /// The smallest duration that a share `q` (0..1) of all is not above; 0 without any.
  double quantile(double q) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
  double least_ = 0;
  double most_ = 0;
};

}  // namespace edge
