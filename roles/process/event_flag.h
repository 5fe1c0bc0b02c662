// A flag that wakes poll(): how cancel() reaches a thread that is blocked in a read.
// set() and is_set() may be called from any thread. The constructor throws std::system_error (no descriptors
// left).
#pragma once

#include <atomic>
#include <optional>
#include <stop_token>

#include "roles/process/file_descriptor.h"

namespace edge {

class EventFlag {
 public:
  /// Is also set when `stop` is requested.
  explicit EventFlag(const std::stop_token& stop = {});

  /// For good: there is no reset.
  void set() noexcept;
  bool is_set() const noexcept { return set_.load(std::memory_order_acquire); }
  /// Readable (POLLIN) once set.
  int descriptor() const { return descriptor_.get(); }

 private:
  struct Setter {
    EventFlag* flag;
    void operator()() const noexcept { flag->set(); }
  };

  std::atomic<bool> set_{false};
  FileDescriptor descriptor_;
  std::optional<std::stop_callback<Setter>> stop_;
};

}  // namespace edge
