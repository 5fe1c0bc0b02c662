// Log lines: whole, erasing what stands in the line on terminals, plain elsewhere.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <string>

#include "roles/report/log_sink.h"

namespace edge {
namespace {

/// What an info line makes of "hello" on `descriptor`, read from `reader`.
std::string logged(int descriptor, int reader) {
  spdlog::logger logger("test", make_log_sink(descriptor));
  logger.set_pattern("%^%l%$: %v");
  logger.info("hello");
  std::array<char, 256> buffer{};
  const ssize_t count = ::read(reader, buffer.data(), buffer.size());
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

class LogSink : public ::testing::Test {
 protected:
  LogSink() {
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY);
    EXPECT_GE(terminal_, 0);
    EXPECT_EQ(::grantpt(terminal_), 0);
    EXPECT_EQ(::unlockpt(terminal_), 0);
    descriptor_ = ::open(::ptsname(terminal_), O_RDWR | O_NOCTTY);
    EXPECT_GE(descriptor_, 0);
  }
  ~LogSink() override {
    unsetenv("NO_COLOR");
    ::close(descriptor_);
    ::close(terminal_);
  }
  int terminal_ = -1;
  int descriptor_ = -1;
};

TEST_F(LogSink, ErasesTheBarOnATerminal) {
  EXPECT_EQ(logged(descriptor_, terminal_), "\r\x1b[K\x1b[32minfo\x1b[m: hello\r\n");
}

TEST_F(LogSink, HasNoColoursIfNotWanted) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(logged(descriptor_, terminal_), "\r\x1b[Kinfo: hello\r\n");
}

TEST_F(LogSink, IsPlainOnADumbTerminal) {
  setenv("TERM", "dumb", 1);
  EXPECT_EQ(logged(descriptor_, terminal_), "info: hello\r\n");
  setenv("TERM", "xterm", 1);
}

TEST_F(LogSink, IsPlainElsewhere) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  EXPECT_EQ(logged(ends[1], ends[0]), "info: hello\n");
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace edge
