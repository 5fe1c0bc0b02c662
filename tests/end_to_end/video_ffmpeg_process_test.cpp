// The ffmpeg process: one that fails, one that is silent, live sources, and that no process is left behind.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>

#include "roles/process/child_process.h"
#include "roles/video/frame_source.h"
#include "tests/captured_log.h"
#include "tests/end_to_end/video_support.h"

namespace edge {
namespace {

using std::chrono::milliseconds;
using test::alive;
using test::has_child;
using test::play;
using test::Played;
using test::read_file;
using test::sample;
using test::two_frames;

class VideoFfmpegProcess : public test::VideoFfmpeg {};

TEST_F(VideoFfmpegProcess, SaysThatFfmpegIsMissing) {
  const std::string missing = " not found: install the package ffmpeg, or use a .y4m file or synthetic:...";
  EXPECT_EQ(play(sample, "no-such-ffmpeg").error, sample + ": no-such-ffmpeg" + missing);
  EXPECT_EQ(play(sample, "/no/such/ffmpeg").error, sample + ": /no/such/ffmpeg" + missing);
  const std::string file = write("ffmpeg", "not executable");
  EXPECT_EQ(play(sample, file).error, sample + ": cannot start " + file + ": Permission denied");
}

TEST_F(VideoFfmpegProcess, SaysHowFfmpegDied) {
  Played run = play(
      sample, script(std::string(two_frames) + "echo '[x @ 0x1] [error] the disk is on fire' >&2\nexit 3\n"));
  EXPECT_EQ(run.frames, 2);
  EXPECT_EQ(run.error,
            sample + ": broken after 2 frames: ffmpeg ended with exit code 3 (the disk is on fire)");
  run = play(sample, script(std::string(two_frames) + "head -c 100 /dev/zero\nkill -9 $$\n"));
  EXPECT_EQ(run.frames, 2);
  EXPECT_EQ(run.error, sample + ": broken after 2 frames: ffmpeg ended with signal 9 (Killed)");
  run = play(sample, script(std::string(two_frames) + "head -c 100 /dev/zero\n"));
  EXPECT_EQ(run.error, sample + ": broken after 2 frames: ffmpeg ended in the middle of a frame");
  run = play(sample, script("echo 'no licence' >&2\nexit 1\n"));
  EXPECT_EQ(run.error, sample + ": ffmpeg cannot read it, exit code 1 (no licence)");
  run = play(sample, script("exit 0\n"));
  EXPECT_EQ(run.error, sample + ": has no frames");
  EXPECT_FALSE(has_child());
}

TEST_F(VideoFfmpegProcess, UsesTheOldOptionOfAnOldFfmpeg) {
  const std::string old = script(
      "case \"$*\" in *-fps_mode*) echo \"[error] Unrecognized option 'fps_mode'.\" >&2; exit 1;;\n"
      "esac\n" +
      std::string(two_frames));
  const Played run = play(sample, old);
  EXPECT_EQ(run.frames, 2);
  EXPECT_EQ(run.error, "no error");
}

TEST_F(VideoFfmpegProcess, ReadsMuchOnStandardErrorWithoutBlocking) {
  const std::string talkative =
      script("i=0; while [ $i -lt 20 ]; do head -c 20000 /dev/zero | tr '\\0' x >&2; i=$((i+1)); done\n" +
             std::string(two_frames));
  EXPECT_EQ(play(sample, talkative).frames, 2);
}

TEST_F(VideoFfmpegProcess, LiveSourcesWaitUntilCancelled) {
  const auto source = open_frame_source(
      {.source = "rtsp://camera/1", .rows = 8, .columns = 8, .ffmpeg = script("sleep 600\n")});
  EXPECT_TRUE(source->live());
  std::thread canceller([&source] {
    std::this_thread::sleep_for(milliseconds(50));
    source->cancel();
  });
  EXPECT_FALSE(source->next());
  canceller.join();
  EXPECT_FALSE(source->next());
}

TEST_F(VideoFfmpegProcess, OpensASilentLiveSourceAgain) {
  test::CapturedLog log;
  const auto source = open_frame_source({.source = "rtsp://camera/1",
                                         .rows = 8,
                                         .columns = 8,
                                         .ffmpeg = script("head -c 192 /dev/zero; sleep 600\n"),
                                         .camera_patience = milliseconds(200)});
  EXPECT_TRUE(source->next());
  EXPECT_TRUE(source->next());
  EXPECT_EQ(log.lines().size(), 2U) << log.text();
  EXPECT_TRUE(log.contains("lost rtsp://camera/1 after 1 frames: nothing came for 0 s; tries again"))
      << log.text();
}

TEST_F(VideoFfmpegProcess, StopsASilentFile) {
  const std::string pipe = path("pipe.mp4");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Played run = play({.source = pipe, .rows = 8, .columns = 8, .file_patience = milliseconds(300)});
  EXPECT_EQ(run.error,
            pipe + ": nothing came for 0 s (after 0 frames); is the file's disk or network there?");
  run = play({.source = sample,
              .rows = 24,
              .columns = 36,
              .ffmpeg = script(std::string("head -c 5184 /dev/zero\nsleep 600\n")),
              .file_patience = milliseconds(300)});
  EXPECT_EQ(run.frames, 2);
  EXPECT_EQ(run.error,
            sample + ": nothing came for 0 s (after 2 frames); is the file's disk or network there?");
}

TEST_F(VideoFfmpegProcess, StopsWhileAFileIsBeingOpened) {
  const std::string pipe = path("pipe.mp4");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::stop_source stop;
  std::thread stopper([&stop] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request_stop();
  });
  const auto source = open_frame_source({.source = pipe, .rows = 8, .columns = 8, .stop = stop.get_token()});
  stopper.join();
  EXPECT_FALSE(source->next());
}

TEST_F(VideoFfmpegProcess, SaysThatACameraRefuses) {
  test::CapturedLog log;
  std::stop_source stop;
  const auto source = open_frame_source(
      {.source = "rtsp://127.0.0.1:9/camera", .rows = 24, .columns = 36, .stop = stop.get_token()});
  std::thread stopper([&] {
    while (!log.contains("\n")) std::this_thread::sleep_for(milliseconds(10));
    stop.request_stop();
  });
  EXPECT_FALSE(source->next());
  stopper.join();
  EXPECT_EQ(log.text(), "warning: waiting for rtsp://127.0.0.1:9/camera (Connection refused)\n");
}

TEST_F(VideoFfmpegProcess, TakesAnyCharacterDeviceForACamera) {
  const std::string link = path("usb-camera-by-id");
  std::filesystem::create_symlink("/dev/null", link);
  const auto source = open_frame_source(
      {.source = link,
       .rows = 24,
       .columns = 36,
       .ffmpeg = script("echo \"$@\" > " + path("arguments") + "\nhead -c 5184 /dev/zero\nsleep 600\n")});
  EXPECT_TRUE(source->live());
  EXPECT_TRUE(can_be_read_once(link));
  EXPECT_TRUE(source->next());
  EXPECT_NE(read_file(path("arguments")).find("-f v4l2 -timestamps abs -i " + link), std::string::npos)
      << read_file(path("arguments"));
  EXPECT_NE(read_file(path("arguments")).find("-threads 1"), std::string::npos);
}

TEST_F(VideoFfmpegProcess, RefusesADeviceThatIsNoCamera) {
  EXPECT_EQ(play("/dev/null").error, "/dev/null: Inappropriate ioctl for device");
}

TEST_F(VideoFfmpegProcess, LeavesNoProcessBehind) {
  // The stand-in starts another process and both would run for long.
  const std::string file = path("numbers");
  const std::string command = script("sleep 600 & echo $! $$ > " + file + "\n" + two_frames + "sleep 600\n");
  pid_t grandchild = 0, child = 0;
  {
    const auto source = open_frame_source({.source = sample, .rows = 24, .columns = 36, .ffmpeg = command});
    std::ifstream(file) >> grandchild >> child;
    ASSERT_GT(grandchild, 0);
    ASSERT_TRUE(alive(child));
    ASSERT_TRUE(alive(grandchild));
  }
  EXPECT_FALSE(alive(child));
  for (int tries = 0; tries < 200 && alive(grandchild); ++tries)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_FALSE(alive(grandchild));
  EXPECT_FALSE(has_child());
}

TEST_F(VideoFfmpegProcess, TheChildDiesWithThisProcess) {
  const std::string file = path("number");
  const std::string command =
      script("echo $$ > " + file + ".new; mv " + file + ".new " + file + "\nexec sleep 600\n");
  const pid_t process = ::fork();
  if (process == 0) {
    const ChildProcess child({.arguments = {command}});
    while (!std::filesystem::exists(file)) std::this_thread::sleep_for(milliseconds(1));
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(process, nullptr, 0);
  pid_t child = 0;
  std::ifstream(file) >> child;
  ASSERT_GT(child, 0);
  for (int tries = 0; tries < 200 && alive(child); ++tries) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_FALSE(alive(child));
}

TEST_F(VideoFfmpegProcess, TheChildInheritsNoDescriptors) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);  // not close-on-exec
  const FileDescriptor reader(ends[0]), writer(ends[1]);
  struct stat status {};
  ASSERT_EQ(::fstat(writer.get(), &status), 0);
  const std::string file = path("descriptors");
  ChildProcess child({.arguments = {script("ls -l /proc/$$/fd > " + file + "\n")}});
  EXPECT_EQ(child.wait(milliseconds(10000)), 0);
  const std::string list = read_file(file);
  EXPECT_NE(list.find("pipe:["), std::string::npos) << list;  // its own
  EXPECT_EQ(list.find("pipe:[" + std::to_string(status.st_ino) + "]"), std::string::npos) << list;
}

}  // namespace
}  // namespace edge
