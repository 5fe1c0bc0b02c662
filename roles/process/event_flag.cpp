#include "roles/process/event_flag.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace edge {

EventFlag::EventFlag(const std::stop_token& stop) : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!descriptor_.is_open()) throw std::system_error(errno, std::generic_category(), "eventfd");
  if (stop.stop_possible()) stop_.emplace(stop, Setter{this});
}

void EventFlag::set() noexcept {
  set_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  // Fails only if the counter is full, and then the event is set already.
  [[maybe_unused]] const auto written = ::write(descriptor_.get(), &one, sizeof one);
}

}  // namespace edge
