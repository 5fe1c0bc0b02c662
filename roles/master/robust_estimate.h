// A measured quantity that is noisy, has outliers and now and then changes for good. One thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

namespace edge {

/// The median of the last samples. If the newest ones agree that the quantity has changed, those before are
/// forgotten: one or two outliers move nothing, a real change is believed after three samples.
class RobustEstimate {
 public:
  /// `sample` must be finite and above 0.
  void add(double sample);
  /// As if all samples had been so many times as large (> 0).
  void scale(double factor);
  std::optional<double> value() const;
  std::size_t samples() const { return samples_.size(); }

 private:
  bool has_changed(double median) const;

  std::deque<double> samples_;
};

}  // namespace edge
