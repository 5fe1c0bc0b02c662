// Control messages about time: how fast a link is, and what time it is with a worker. Pure functions,
// thread-safe. What they parse comes from outside: ConnectionLost if it is malformed or impossible.
#pragma once

#include <optional>

#include "net/message.h"
#include "net/transfer_meter.h"

namespace edge::net {

/// A transfer over the link from the worker that says so to worker `to`.
struct LinkMeasurement {
  int to = 0;
  Transfer transfer;
};
Message transfer_message(const LinkMeasurement& measurement);
LinkMeasurement parse_transfer(const Message& message);

/// From the master. Seconds of its steady clock.
struct ClockQuestion {
  double asked = 0;
  std::optional<double> offset;  ///< the worker's clock minus the master's, as far as the master knows
};
/// The worker's answer.
struct ClockAnswer {
  double asked = 0;  ///< as in the question
  double clock = 0;  ///< seconds of the worker's steady clock
};
Message clock_message(const ClockQuestion& question);
Message clock_message(const ClockAnswer& answer);
ClockQuestion parse_clock_question(const Message& message);
ClockAnswer parse_clock_answer(const Message& message);

}  // namespace edge::net
