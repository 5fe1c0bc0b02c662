// The hard stop behind an orderly one that takes too long.
#include "roles/stop_signal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <csignal>

namespace edge {
namespace {

/// A process that is stopped by `signal` but does not come to its end.
[[noreturn]] void hang_after(int signal) {
  asio::io_context context;
  const StopSignal stop(context, [] {
    for (;;) ::pause();  // the alarm's handler does not return
  });
  ::kill(::getpid(), signal);
  context.run();
  _exit(1);
}

TEST(StopSignalDeathTest, HardStopExitsWithTheSignalsStatus) {
  EXPECT_EXIT(hang_after(SIGTERM), ::testing::ExitedWithCode(128 + SIGTERM), "");
  EXPECT_EXIT(hang_after(SIGINT), ::testing::ExitedWithCode(128 + SIGINT), "");
}

}  // namespace
}  // namespace edge
