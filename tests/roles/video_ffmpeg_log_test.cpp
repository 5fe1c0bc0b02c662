// What is taken from ffmpeg's messages.
#include <gtest/gtest.h>

#include <optional>
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
  EXPECT_TRUE(log.states_length());
  EXPECT_EQ(log.error_count(), 0U);
}

TEST(FfmpegLog, KnowsWhenNothingIsStated) {
  FfmpegLog log;
  log.add(
      "[info]   Duration: N/A, start: 0.0, bitrate: N/A\n[info]   Stream #0:0: Video: h264, 320x240, 90k "
      "tbn\n");
  EXPECT_FALSE(log.frames_per_second());
  EXPECT_FALSE(log.states_length());
  log.add("[info]   Stream #0:0: Video: rawvideo, 1k fps, 90k tbn\n");
  EXPECT_EQ(log.frames_per_second(), 1000);
}

TEST(FfmpegLog, FindsTimeStampsAndSizes) {
  FfmpegLog log;
  EXPECT_FALSE(log.next_frame().time_stamp);
  log.add(
      "[Parsed_showinfo_3 @ 0x55] [info] config in time_base: 1/1000000, frame_rate: 10/1\n"
      "[Parsed_showinfo_3 @ 0x55] [info] n:   0 pts:      0 pts_time:0       pos:       48 fmt:yuv420p "
      "sar:1/1 s:720x480 i:P "
      "iskey:1 type:I\n"
      "[Parsed_showinfo_3 @ 0x55] [info]   side data - User Data Unregistered: pts: 99\n"
      "[Parsed_showinfo_3 @ 0x55] [info] n:   1 pts:  NOPTS pts_time:NOPTS   pos:     2935 fmt:rgb24 sar:0/1 "
      "s:99999999999x1 i:P\n"
      "[Parsed_showinfo_3 @ 0x55] [info] n:   2 pts:-1795851521141933 pts_time:-1.79585e+09 fmt:rgb24 "
      "[h264 @ 0x7] [error] two threads spoke at once\n");
  const FfmpegLog::ShownFrame first = log.next_frame();
  EXPECT_EQ(first.time_stamp, 0);
  EXPECT_EQ(first.size, (Extent2d{480, 720}));
  const FfmpegLog::ShownFrame second = log.next_frame();
  EXPECT_EQ(second.time_stamp, std::nullopt);
  EXPECT_EQ(second.size, std::nullopt) << "no picture is so wide";
  EXPECT_EQ(log.next_frame().time_stamp, -1795851521141933);
  EXPECT_EQ(log.next_frame().time_stamp, std::nullopt) << "there is no other";
  EXPECT_EQ(log.last_error(), "two threads spoke at once");
  EXPECT_EQ(log.error_count(), 1U);
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

TEST(FfmpegLog, DoesNotTakeEqualTimeStampsForDamage) {
  FfmpegLog log;
  log.add(
      "[rawvideo @ 0x5] [error] Application provided invalid, non monotonically increasing dts to muxer in "
      "stream 0: 2 >= 2\n");
  EXPECT_EQ(log.error_count(), 0U);
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
