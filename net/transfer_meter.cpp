#include "net/transfer_meter.h"

#include <algorithm>
#include <utility>

namespace edge::net {

Transfer TransferMeter::acknowledge(std::uint64_t bytes, TimePoint handed_over, TimePoint now,
                                    double held_s) {
  constexpr double shortest = 1e-6;  // clocks that disagree about held_s by more than the transfer
  const auto held = std::chrono::duration_cast<TimePoint::duration>(std::chrono::duration<double>(held_s));
  const TimePoint arrival = now - held;
  const Transfer transfer{
      .bytes = bytes,
      .seconds = std::max(
          shortest, std::chrono::duration<double>(arrival - std::max(handed_over, last_arrival_)).count())};
  last_arrival_ = std::max(last_arrival_, arrival);
  sum_.bytes += transfer.bytes;
  sum_.seconds += transfer.seconds;
  return transfer;
}

Transfer TransferMeter::take() {
  return std::exchange(sum_, {});
}

}  // namespace edge::net
