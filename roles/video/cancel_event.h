// A flag that wakes poll(): how cancel() reaches a thread that is blocked in a read.
// set() and is_set() may be called from any thread. The constructor throws std::system_error (no descriptors
// left).
#pragma once

#include <atomic>

#include "roles/video/file_descriptor.h"

namespace edge {

class CancelEvent {
 public:
  CancelEvent();

  /// For good: there is no reset.
  void set() noexcept;
  bool is_set() const noexcept { return set_.load(std::memory_order_acquire); }
  /// Readable (POLLIN) once set.
  int descriptor() const { return descriptor_.get(); }

 private:
  std::atomic<bool> set_{false};
  FileDescriptor descriptor_;
};

}  // namespace edge
