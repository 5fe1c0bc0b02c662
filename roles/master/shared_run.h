// Several threads have part in a Run: one at a time, and those that have nothing to do wait. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <variant>

#include "roles/master/run.h"

namespace edge {

class SharedRun {
 public:
  explicit SharedRun(Run::Options options) : run_(std::move(options)) {}

  /// Tells (or asks) the run something: `event` is called with it.
  template <typename Event>
  auto tell(Event event) {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    return event(run_);
  }

  /// What one of the doers has to do next; waits until there is something. Never Wait.
  template <typename Action>
  Action next(Action (Run::*ask)()) {
    std::unique_lock lock(mutex_);
    for (;;) {
      Action due = (run_.*ask)();
      if (!std::holds_alternative<action::Wait>(due)) {
        changed_.notify_all();  // what one takes may be what another waited for
        return due;
      }
      changed_.wait(lock);
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Run run_;
};

}  // namespace edge
