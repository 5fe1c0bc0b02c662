// How long messages take to the other end of a link, seen from the sending end. One thread at a time; no
// errors.
#pragma once

#include <chrono>
#include <cstdint>

namespace edge::net {

/// Bytes that went over a link, and how long they took.
struct Transfer {
  std::uint64_t bytes = 0;
  double seconds = 0;
};

/// The receiver's clock is not needed: an acknowledgement says for how long the message lay there before it
/// was acknowledged, and what is left of the time since the message was handed over, or since the one in
/// front of it had arrived, is the transfer (with the acknowledgement's way back, which is short).
/// Measuring at the receiver instead would take what a router had buffered for the link's speed.
class TransferMeter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// A message was acknowledged `now`, after the receiver had held it for `held_s`.
  Transfer acknowledge(std::uint64_t bytes, TimePoint handed_over, TimePoint now, double held_s);
  /// All transfers since the last call.
  Transfer take();

 private:
  Transfer sum_;
  TimePoint last_arrival_;
};

}  // namespace edge::net
