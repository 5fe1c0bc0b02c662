// By how much another device's steady clock is ahead of ours: from questions and answers over a connection
// (Cristian's algorithm: the answer to the quickest of the last questions tells best). One thread at a time;
// no errors.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

namespace edge::net {

class ClockOffset {
 public:
  /// All in seconds: when we asked, what the other clock showed, when the answer came. One that does not go
  /// with those before is believed, and they are not any more: a clock has jumped.
  void add(double asked, double other, double answered);
  /// Other clock - ours; wrong by half the quickest round trip at most.
  std::optional<double> seconds() const;
  std::size_t samples() const { return samples_.size(); }

 private:
  struct Sample {
    double offset = 0;
    double round_trip = 0;
  };
  const Sample& quickest() const;

  std::deque<Sample> samples_;
};

}  // namespace edge::net
