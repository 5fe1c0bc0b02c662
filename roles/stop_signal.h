// ^C and SIGTERM: an orderly stop, and a hard one if that takes too long.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <atomic>
#include <chrono>
#include <functional>

namespace edge {

/// Calls `on_stop` on the io_context's thread at the first SIGINT or SIGTERM. If the process is still there
/// `grace` later (a layer that takes seconds cannot be interrupted), it ends at once: SIGALRM's default
/// action is replaced by _exit(128 + the signal's number). One per process.
class StopSignal {
 public:
  static constexpr std::chrono::milliseconds grace{1500};

  StopSignal(asio::io_context& context, std::function<void()> on_stop);
  /// 0, or the number of the signal that stopped us.
  int received() const { return received_; }
  /// Stops waiting for signals, so that the io_context can run out of work.
  void cancel();

 private:
  asio::signal_set signals_;
  std::atomic<int> received_{0};
};

/// Exit status of a program that a signal ended.
constexpr int exit_status_of_signal(int signal) {
  return 128 + signal;
}

}  // namespace edge
