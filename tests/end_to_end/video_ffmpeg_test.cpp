// Video through ffmpeg: the frames of the sample, of other files and of broken ones.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "roles/video/frame_source.h"
#include "tests/captured_log.h"
#include "tests/end_to_end/video_support.h"

namespace edge {
namespace {

using test::all_pixels;
using test::play;
using test::Played;
using test::read_file;
using test::sample;
using test::sample_frames;
using test::VideoFfmpeg;

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

}  // namespace
}  // namespace edge
