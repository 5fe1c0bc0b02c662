// A live source that is opened again whenever it ends: cameras reboot, networks stall. One owner, one thread;
// cancel() from any.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "engine/error.h"
#include "roles/process/event_flag.h"
#include "roles/video/frame_source.h"

namespace edge {

/// What trying again cannot mend: a wrong password, a program that is missing.
class Refused : public Error {
 public:
  using Error::Error;
};

/// A recording that ended early: another try would begin at its start.
class Broken : public Error {
 public:
  using Error::Error;
};

struct LiveOptions {
  std::string name;  ///< for messages
  /// Opens the source. Its next() returns nothing at the end of a recording (which is the end of this source,
  /// too) or when `cancel` is set, and throws Error without the name if the source was lost, Refused or
  /// Broken as above. So may `open` itself.
  std::function<std::unique_ptr<FrameSource>(const EventFlag& cancel)> open;
  /// Waits before the next try, at most until `cancel` is set.
  std::function<void(std::chrono::milliseconds, const EventFlag& cancel)> wait;
  std::stop_token stop = {};  ///< as cancel()
};

/// Waits for a source that is not there, and for one that was lost: it tries after 1 s, 2 s, 4 s ... 30 s,
/// and 1 s again once a frame came. Says so once, and again when the reason changes or it is back. next()
/// throws Error with the name: Refused if no frame has come yet, Broken always.
std::unique_ptr<FrameSource> make_live_source(LiveOptions options);

/// Really waits.
void wait_for(std::chrono::milliseconds time, const EventFlag& cancel);

}  // namespace edge
