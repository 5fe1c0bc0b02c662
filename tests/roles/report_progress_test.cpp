// The progress bar: its text, and that only terminals get it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <string>

#include "roles/report/progress.h"

namespace edge {
using namespace std::string_literals;

namespace {

TEST(ProgressLine, Text) {
  EXPECT_EQ(progress_line("frames", 120, 300, 4, 60),
            "frames  ██████████                 120/300  4.0/s  0:45 left");
  EXPECT_EQ(progress_line("worker 1 profiles layers", 7, 13, 2, 79),
            "worker 1 profiles layers  ███████████████▋               7/13  2.0/s  0:03 left");
  EXPECT_EQ(progress_line("frames", 0, 10, {}, 30), "frames                    0/10") << "no rate yet";
  EXPECT_EQ(progress_line("frames", 0, 10, 0, 30), "frames             0/10  0.0/s");
  EXPECT_EQ(progress_line("frames", 10, 10, 2, 40), "frames  ███████  10/10  2.0/s  0:00 left");
  EXPECT_EQ(progress_line("frames", 12, 10, 2, 40), "frames  ███████  10/10  2.0/s  0:00 left");
  EXPECT_EQ(progress_line("frames", 1, 7201, 1, 50), "frames                 1/7201  1.0/s  2:00:00 left");
}

TEST(ProgressLine, UnknownTotal) {
  EXPECT_EQ(progress_line("frames", 50, 0, 2.5, 60), "frames  50  2.5/s");
}

TEST(ProgressLine, NarrowTerminals) {
  EXPECT_EQ(progress_line("frames", 120, 300, 4, 36), "frames  120/300  4.0/s  0:45 left");
  EXPECT_EQ(progress_line("frames", 120, 300, 4, 10), "frames  12");
  EXPECT_EQ(progress_line("frames", 120, 0, 4, 3), "fra");
  EXPECT_EQ(progress_line("frames", 120, 300, 4, -1), "");
}

TEST(ProgressLine, NotesWhereThereIsRoom) {
  const std::vector<std::string> notes{"devices ▁█", "jay 42 %"};
  EXPECT_EQ(progress_line("frames", 120, 300, 4, notes, 70),
            "frames  █████▎         120/300  4.0/s  0:45 left  devices ▁█  jay 42 %");
  EXPECT_EQ(progress_line("frames", 120, 300, 4, notes, 60),
            "frames  █████▎         120/300  4.0/s  0:45 left  devices ▁█");
  EXPECT_EQ(progress_line("frames", 120, 300, 4, notes, 36), "frames  120/300  4.0/s  0:45 left");
  EXPECT_EQ(progress_line("frames", 50, 0, 2.5, notes, 60), "frames  50  2.5/s  devices ▁█  jay 42 %");
}

/// What is there to be read at once.
std::string read_available(int descriptor) {
  std::string text;
  pollfd poller{.fd = descriptor, .events = POLLIN, .revents = 0};
  while (::poll(&poller, 1, 0) > 0 && (poller.revents & POLLIN) != 0) {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

TEST(ProgressBar, DrawsOnATerminalAndCleansUp) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(::grantpt(terminal), 0);
  ASSERT_EQ(::unlockpt(terminal), 0);
  const int descriptor = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(descriptor, 0);
  setenv("TERM", "xterm", 1);
  {
    ProgressBar bar("frames", 4, descriptor);
    bar.update(1);
    const std::string drawn = read_available(terminal);
    EXPECT_EQ(drawn.substr(0, 14), "\r\x1b[Kframes  ██"s.substr(0, 14));
    EXPECT_NE(drawn.find("1/4"), std::string::npos);
    bar.update(4);
    EXPECT_NE(read_available(terminal).find("4/4"), std::string::npos) << "the last state is always drawn";
    bar.clear();
    bar.clear();
    EXPECT_EQ(read_available(terminal), "\r\x1b[K");
    bar.update(2);
    EXPECT_NE(read_available(terminal).find("2/4"), std::string::npos);
  }
  EXPECT_EQ(read_available(terminal), "\r\x1b[K");
  ::close(descriptor);
  ::close(terminal);
}

TEST(ProgressBar, SilentElsewhere) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  {
    ProgressBar bar("frames", 2, ends[1]);
    bar.update(1);
    bar.update(2);
    bar.clear();
  }
  EXPECT_EQ(read_available(ends[0]), "");
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace edge
