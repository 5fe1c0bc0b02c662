// Video through ffmpeg: the sample, broken files, an ffmpeg that fails, and that no process is left behind.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "engine/error.h"
#include "roles/process/child_process.h"
#include "roles/video/frame_source.h"
#include "tests/captured_log.h"

namespace edge {
namespace {

using std::chrono::milliseconds;

const std::string sample = EDGE_SOURCE_DIRECTORY "/media/sample.mp4";
constexpr int sample_frames = 120;

class VideoFfmpeg : public ::testing::Test {
 protected:
  VideoFfmpeg() {
    std::string path = (std::filesystem::temp_directory_path() / "edge_video_XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path);
    folder_ = path;
  }
  ~VideoFfmpeg() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  /// A program that stands in for ffmpeg.
  std::string script(const std::string& body) const {
    const std::string file = write("ffmpeg", "#!/bin/sh\n" + body);
    ::chmod(file.c_str(), 0755);
    return file;
  }
  void convert(const std::string& arguments) const {
    const std::string command = "ffmpeg -nostdin -v error -y " + arguments;
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

 private:
  std::filesystem::path folder_;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Played {
  int frames = 0;
  std::string error = "no error";
};

Played play(const VideoOptions& options) {
  Played run;
  try {
    const auto source = open_frame_source(options);
    while (source->next()) ++run.frames;
  } catch (const Error& error) {
    run.error = error.what();
  }
  return run;
}

Played play(const std::string& source, const std::string& ffmpeg = "ffmpeg") {
  return play({.source = source, .rows = 24, .columns = 36, .ffmpeg = ffmpeg});
}

bool has_child() {
  return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

// False once the process is gone (or a zombie of somebody else's).
bool alive(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string number, name, state;
  return status >> number >> name >> state && state != "Z";
}

TEST_F(VideoFfmpeg, PlaysTheSample) {
  const auto source = open_frame_source({.source = sample});
  EXPECT_EQ(source->frames_per_second(), 12);
  EXPECT_FALSE(source->live());
  int frames = 0;
  std::vector<std::byte> last;
  while (const auto frame = source->next()) {
    ASSERT_EQ(frame->shape(), (Shape{1, 3, 480, 720}));
    const auto pixels = frame->span();
    if (frames > 0) {
      constexpr std::size_t step = 16;  // one value of so many is looked at
      std::size_t changed = 0;
      for (std::size_t i = 0; i < pixels.size(); i += step) {
        const int before = std::to_integer<int>(last[i]);
        changed += std::abs(std::to_integer<int>(pixels[i]) - before) > 2 ? step : 0U;
      }
      EXPECT_GT(changed, pixels.size() / 1000);  // something moves
      EXPECT_LT(changed, pixels.size() / 2);     // before a fixed background
    }
    last.assign(pixels.begin(), pixels.end());
    ++frames;
  }
  EXPECT_EQ(frames, sample_frames);
  EXPECT_FALSE(source->next());
  EXPECT_LE(std::filesystem::file_size(sample), 1'000'000U);
}

TEST_F(VideoFfmpeg, ScalesAndKeepsColours) {
  convert("-f lavfi -i color=c=0xff8000:s=64x64:r=5:d=1 -c:v ffv1 -pix_fmt bgr0 " + path("orange.mkv"));
  const auto source = open_frame_source({.source = path("orange.mkv"), .rows = 7, .columns = 5});
  EXPECT_EQ(source->frames_per_second(), 5);
  const auto frame = source->next();
  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->shape(), (Shape{1, 3, 7, 5}));
  for (std::size_t i = 0; i < 35; ++i) {
    EXPECT_NEAR(std::to_integer<int>(frame->data()[i]), 255, 2);
    EXPECT_NEAR(std::to_integer<int>(frame->data()[35 + i]), 128, 2);
    EXPECT_NEAR(std::to_integer<int>(frame->data()[70 + i]), 0, 2);
  }
}

TEST_F(VideoFfmpeg, Loops) {
  convert("-i " + sample + " -frames:v 5 -c copy " + path("short.mp4"));
  const auto source =
      open_frame_source({.source = path("short.mp4"), .rows = 24, .columns = 36, .loop = true});
  for (int frame = 0; frame < 12; ++frame) ASSERT_TRUE(source->next()) << frame;
  source->cancel();
  EXPECT_FALSE(source->next());
}

TEST_F(VideoFfmpeg, TakesNamesAsNames) {
  for (const std::string name : {"-version", "a:b.mp4", "100%d.mp4", "with space; $(x).mp4"}) {
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::copy_file(sample, path(name));
    std::filesystem::current_path(path("."));
    const auto source = open_frame_source({.source = name, .rows = 24, .columns = 36});
    EXPECT_TRUE(source->next()) << name;
    std::filesystem::current_path(before);
  }
}

TEST_F(VideoFfmpeg, SaysWhatIsWrongWithAFile) {
  const std::string text = write("text.mp4", "This is not a video.\n");
  EXPECT_EQ(play(text).error, text + ": is not a video that ffmpeg can read (file:" + text +
                                  ": Invalid data found when processing input)");
  const std::string empty = write("empty.mp4", "");
  EXPECT_EQ(play(empty).error.find(empty + ": is not a video that ffmpeg can read"), 0U) << play(empty).error;
  convert("-f lavfi -i sine=d=1 " + path("sound.wav"));
  EXPECT_EQ(play(path("sound.wav")).error, path("sound.wav") + ": has no video stream");
}

TEST_F(VideoFfmpeg, DeliversWhatIsBeforeABreak) {
  convert("-i " + sample + " -c copy " + path("whole.mkv"));
  EXPECT_EQ(play(path("whole.mkv")).frames, sample_frames);
  EXPECT_EQ(play(path("whole.mkv")).error, "no error");
  const std::string mkv = read_file(path("whole.mkv")), mp4 = read_file(sample);
  for (const std::string& file :
       {write("cut.mkv", mkv.substr(0, mkv.size() / 2)), write("cut.mp4", mp4.substr(0, mp4.size() / 2))}) {
    const Played run = play(file);
    EXPECT_GT(run.frames, sample_frames / 4);
    EXPECT_LT(run.frames, sample_frames);
    EXPECT_EQ(run.error.find(file + ": broken after " + std::to_string(run.frames) +
                             " frames: the video is broken ("),
              0U)
        << run.error;
  }
}

TEST_F(VideoFfmpeg, SaysThatFfmpegIsMissing) {
  const std::string missing = " not found: install the package ffmpeg, or use a .y4m file or synthetic:...";
  EXPECT_EQ(play(sample, "no-such-ffmpeg").error, sample + ": no-such-ffmpeg" + missing);
  EXPECT_EQ(play(sample, "/no/such/ffmpeg").error, sample + ": /no/such/ffmpeg" + missing);
  const std::string file = write("ffmpeg", "not executable");
  EXPECT_EQ(play(sample, file).error, sample + ": cannot start " + file + ": Permission denied");
}

// 24 x 36 x 3 bytes are a frame.
constexpr const char* two_frames = "head -c 5184 /dev/zero\n";

TEST_F(VideoFfmpeg, SaysHowFfmpegDied) {
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

TEST_F(VideoFfmpeg, UsesTheOldOptionOfAnOldFfmpeg) {
  const std::string old = script(
      "case \"$*\" in *-fps_mode*) echo \"[error] Unrecognized option 'fps_mode'.\" >&2; exit 1;;\n"
      "esac\n" +
      std::string(two_frames));
  const Played run = play(sample, old);
  EXPECT_EQ(run.frames, 2);
  EXPECT_EQ(run.error, "no error");
}

TEST_F(VideoFfmpeg, ReadsMuchOnStandardErrorWithoutBlocking) {
  const std::string talkative =
      script("i=0; while [ $i -lt 20 ]; do head -c 20000 /dev/zero | tr '\\0' x >&2; i=$((i+1)); done\n" +
             std::string(two_frames));
  EXPECT_EQ(play(sample, talkative).frames, 2);
}

TEST_F(VideoFfmpeg, LiveSourcesWaitUntilCancelled) {
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

TEST_F(VideoFfmpeg, OpensASilentLiveSourceAgain) {
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

TEST_F(VideoFfmpeg, StopsASilentFile) {
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

TEST_F(VideoFfmpeg, StopsWhileAFileIsBeingOpened) {
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

TEST_F(VideoFfmpeg, SaysThatACameraRefuses) {
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

TEST_F(VideoFfmpeg, TakesAnyCharacterDeviceForACamera) {
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

TEST_F(VideoFfmpeg, RefusesADeviceThatIsNoCamera) {
  EXPECT_EQ(play("/dev/null").error, "/dev/null: Inappropriate ioctl for device");
}

TEST_F(VideoFfmpeg, PlaysFramesWithOneTimeStamp) {
  test::CapturedLog log;
  convert(
      "-f lavfi -i testsrc=s=64x48:r=10:d=4 -vf 'setpts=floor(N/2)*2/10/TB' -fps_mode passthrough -c:v "
      "ffv1 " +
      path("twins.mkv"));
  const Played run = play(path("twins.mkv"));
  EXPECT_EQ(run.frames, 40);
  EXPECT_EQ(run.error, "no error");
  EXPECT_EQ(log.text(), "");
}

TEST_F(VideoFfmpeg, WarnsOfDamageButPlaysAllFrames) {
  test::CapturedLog log;
  convert("-f lavfi -i testsrc=s=160x120:r=10:d=4 -f lavfi -i sine=d=20 -c:v libx264 -g 10 -c:a aac " +
          path("whole.mp4"));
  // Sound that goes on for 16 s behind the pictures; damage in a frame that ffmpeg conceals.
  convert("-i " + path("whole.mp4") + " -c copy -bsf:v noise=4000 " + path("damaged.mp4"));
  const Played run = play(path("damaged.mp4"));
  EXPECT_EQ(run.error, "no error");
  EXPECT_EQ(run.frames, 40);
  EXPECT_EQ(log.lines().size(), 1U) << log.text();
  EXPECT_EQ(log.text().find("warning: " + path("damaged.mp4") + ": ffmpeg tells of damage ("), 0U)
      << log.text();
  EXPECT_TRUE(log.contains("all 40 frames are there")) << log.text();
}

TEST_F(VideoFfmpeg, StatesTheFramesOwnTimeStamps) {
  // Frames of 0, 0.5, 1, 1.5 ... seconds, of which some are left out.
  convert(
      "-f lavfi -i testsrc=s=64x48:r=2:d=10 -vf 'select=not(eq(n\\,1)+between(n\\,4\\,9))' -fps_mode "
      "passthrough "
      "-c:v ffv1 " +
      path("gaps.mkv"));
  const auto source = open_frame_source({.source = path("gaps.mkv"), .rows = 24, .columns = 36});
  std::vector<double> times;
  while (source->next()) times.push_back(source->times().video_s.value_or(-1));
  ASSERT_GE(times.size(), 5U);
  EXPECT_EQ(std::vector<double>(times.begin(), times.begin() + 5), (std::vector<double>{0, 1, 1.5, 5, 5.5}));
  EXPECT_FALSE(source->times().captured);
}

std::vector<std::byte> all_pixels(const std::string& file) {
  const auto source = open_frame_source({.source = file, .rows = 24, .columns = 36});
  std::vector<std::byte> pixels;
  while (const auto frame = source->next()) {
    pixels.insert(pixels.end(), frame->span().begin(), frame->span().end());
  }
  return pixels;
}

TEST_F(VideoFfmpeg, FollowsAChangeOfThePicturesSize) {
  const std::string encoder = ":r=10:d=1 -c:v libx264 -bf 0 -pix_fmt yuv420p -f h264 ";
  convert("-f lavfi -i testsrc2=s=160x120" + encoder + path("first.h264"));
  convert("-f lavfi -i testsrc2=s=96x128" + encoder + path("second.h264"));
  write("both.h264", read_file(path("first.h264")) + read_file(path("second.h264")));
  std::vector<std::byte> expected = all_pixels(path("first.h264"));
  const std::vector<std::byte> second = all_pixels(path("second.h264"));
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(expected.size(), 20U * 24 * 36 * 3);
  EXPECT_TRUE(all_pixels(path("both.h264")) == expected);
}

TEST_F(VideoFfmpeg, ConvertsColoursToTheNearest) {
  std::string raw;
  const std::array<std::array<int, 3>, 3> colours = {{{81, 90, 240}, {120, 60, 200}, {200, 130, 100}}};
  for (const auto& colour : colours) {
    raw += std::string(36 * 24, static_cast<char>(colour[0])) +
           std::string(18 * 12, static_cast<char>(colour[1])) +
           std::string(18 * 12, static_cast<char>(colour[2]));
  }
  convert("-f rawvideo -pix_fmt yuv420p -s 36x24 -i " + write("colours.yuv", raw) + " -c:v ffv1 " +
          path("colours.mkv"));
  const auto source = open_frame_source({.source = path("colours.mkv"), .rows = 24, .columns = 36});
  for (const auto& expected : {std::array{254, 0, 0}, std::array{236, 89, 0}, std::array{170, 236, 218}}) {
    const auto frame = source->next();
    ASSERT_TRUE(frame);
    for (std::size_t i = 0; i < frame->elements(); ++i) {
      ASSERT_EQ(std::to_integer<int>(frame->data()[i]), expected[i / (24 * 36)]) << i;
    }
  }
}

TEST_F(VideoFfmpeg, TakesNamesOfImagesAsNames) {
  convert("-f lavfi -i color=c=red:s=64x48 -frames:v 1 " + path("red.jpg"));
  convert("-f lavfi -i color=c=blue:s=64x48 -frames:v 1 " + path("shot1.jpg"));
  std::filesystem::copy_file(path("red.jpg"), path("shot%d.jpg"));
  const Played run = play(path("shot%d.jpg"));
  EXPECT_EQ(run.error, "no error");
  EXPECT_EQ(run.frames, 1) << "not the series shot1.jpg ...";
  EXPECT_TRUE(all_pixels(path("shot%d.jpg")) == all_pixels(path("red.jpg")));
}

TEST_F(VideoFfmpeg, LeavesNoProcessBehind) {
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

TEST_F(VideoFfmpeg, TheChildDiesWithThisProcess) {
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

TEST_F(VideoFfmpeg, TheChildInheritsNoDescriptors) {
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
