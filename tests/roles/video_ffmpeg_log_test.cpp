// What is taken from ffmpeg's messages.
#include <gtest/gtest.h>

#include <string>

#include "roles/video/ffmpeg_log.h"

namespace edge {
namespace {

constexpr const char* header =
    "[warning] -vsync is deprecated. Use -fps_mode\n"
    "[info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:f.mp4':\n"
    "[info]   Duration: 00:01:06.50, start: 0.000000, bitrate: 63 kb/s\n"
    "[info]   Stream #0:0[0x1](eng): Audio: aac (LC), 48000 Hz, stereo, fltp, 2 kb/s (default)\n"
    "[info]   Stream #0:1[0x2](eng): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv), 320x240, 55 kb/s, "
    "12.50 fps, "
    "12.50 tbr, 12800 tbn (default)\n"
    "[info] Output #0, rawvideo, to 'pipe:1':\n"
    "[info]   Stream #0:0(eng): Video: rawvideo (RGB[24] / 0x18424752), 72x48, q=2-31, 1036 kb/s, 25 fps, 25 "
    "tbn\n";

TEST(FfmpegLog, FindsRateAndLength) {
  FfmpegLog log;
  for (const char character : std::string(header)) log.add({&character, 1});
  EXPECT_EQ(log.frames_per_second(), 12.5);
  EXPECT_EQ(log.expected_frames(), 66.5 * 12.5);
  EXPECT_FALSE(log.has_errors());
}

TEST(FfmpegLog, KnowsWhenNothingIsStated) {
  FfmpegLog log;
  log.add(
      "[info]   Duration: N/A, start: 0.0, bitrate: N/A\n[info]   Stream #0:0: Video: h264, 320x240, 90k "
      "tbn\n");
  EXPECT_FALSE(log.frames_per_second());
  EXPECT_FALSE(log.expected_frames());
  log.add("[info]   Stream #0:0: Video: rawvideo, 1k fps, 90k tbn\n");
  EXPECT_EQ(log.frames_per_second(), 1000);
}

TEST(FfmpegLog, KeepsTheLastError) {
  FfmpegLog log;
  EXPECT_EQ(log.last_error(), "");
  log.add("[info] Conversion\nwhat no prefix says");
  EXPECT_EQ(log.last_error(), "Conversion");
  log.finish();
  EXPECT_EQ(log.last_error(), "what no prefix says");
  log.add(
      "[fatal] first\n[mov,mp4 @ 0x55] [error] stream 0, offset 0x7c7c: partial file\r\n[fatal] last\n[info] "
      "end\n");
  EXPECT_EQ(log.last_error(), "stream 0, offset 0x7c7c: partial file");
  EXPECT_TRUE(log.error_contains("partial file"));
  EXPECT_FALSE(log.error_contains("end"));
}

TEST(FfmpegLog, BoundsWhatItKeeps) {
  FfmpegLog log;
  log.add(std::string(1 << 20, 'x'));
  log.finish();
  EXPECT_EQ(log.last_error().size(), 4096U);
  for (int line = 0; line < 10000; ++line) log.add("[error] again and again and again and again\n");
  EXPECT_TRUE(log.error_contains("again"));
}

}  // namespace
}  // namespace edge
