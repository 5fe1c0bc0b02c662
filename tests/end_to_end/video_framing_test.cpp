// Letterbox and crop through ffmpeg: placements of pictures whose size changes, bars, the order of channels;
// and, if EDGE_ONNX_MODELS and EDGE_VIDEOS say where they are (docs/building.md), the frames of published
// detections.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "roles/video/frame_source.h"
#include "tests/end_to_end/video_support.h"

namespace edge {
namespace {

using test::sample;

struct Shown {
  std::vector<int> pixels;
  Placement placement;
};

std::vector<Shown> all_frames(const VideoOptions& options) {
  const auto source = open_frame_source(options);
  std::vector<Shown> frames;
  while (const auto frame = source->next()) {
    Shown shown{.pixels = {}, .placement = source->placement()};
    for (const std::byte value : frame->span()) shown.pixels.push_back(std::to_integer<int>(value));
    frames.push_back(std::move(shown));
  }
  return frames;
}

class VideoFraming : public ::testing::Test {
 protected:
  VideoFraming() {
    std::string path = (std::filesystem::temp_directory_path() / "edge_framing_XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path);
    folder_ = path;
  }
  ~VideoFraming() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// Two videos of other sizes, one behind the other.
  std::string two_sizes() const {
    const std::string encoder = ":r=5:d=1 -c:v libx264 -bf 0 -pix_fmt yuv420p -f h264 ";
    const std::string command =
        "ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=s=160x100" + encoder + path("first.h264") +
        " && ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=s=98x128" + encoder + path("second.h264") +
        " && cat " + path("first.h264") + " " + path("second.h264") + " > " + path("both.h264");
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return path("both.h264");
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(VideoFraming, EachPictureOfAStreamIsPlacedByItsOwnSize) {
  const std::string both = two_sizes();
  constexpr Extent2d frame{48, 64};
  for (const Fit fit : {Fit::stretch, Fit::letterbox, Fit::crop}) {
    const auto options = [&](const std::string& file) {
      return VideoOptions{.source = file,
                          .rows = frame.rows,
                          .columns = frame.columns,
                          .framing = {.fit = fit, .pad = {114, 3, 250}}};
    };
    const std::vector<Shown> shown = all_frames(options(both));
    ASSERT_EQ(shown.size(), 10U);
    std::vector<Shown> expected = all_frames(options(path("first.h264")));
    for (Shown& more : all_frames(options(path("second.h264")))) expected.push_back(std::move(more));
    for (std::size_t i = 0; i < shown.size(); ++i) {
      EXPECT_TRUE(shown[i].pixels == expected[i].pixels) << i;
      EXPECT_EQ(shown[i].placement, place(fit, i < 5 ? Extent2d{100, 160} : Extent2d{128, 98}, frame)) << i;
    }
  }
}

TEST_F(VideoFraming, BarsHaveExactlyTheirColour) {
  const std::string both = two_sizes();
  for (const ChannelOrder channels : {ChannelOrder::rgb, ChannelOrder::bgr}) {
    const Framing framing{.fit = Fit::letterbox, .pad = {114, 3, 250}, .channels = channels};
    for (const Shown& shown : all_frames({.source = both, .rows = 64, .columns = 64, .framing = framing})) {
      const VisiblePart part = visible_part(shown.placement, {64, 64});
      for (std::size_t i = 0; i < shown.pixels.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i / 64 % 64), column = static_cast<std::int64_t>(i % 64);
        const bool inside = row >= part.in_frame.rows && row < part.in_frame.rows + part.size.rows &&
                            column >= part.in_frame.columns &&
                            column < part.in_frame.columns + part.size.columns;
        if (inside) continue;
        const std::size_t channel = plane_order(channels)[i / (64 * 64)];
        ASSERT_EQ(shown.pixels[i], framing.pad[channel]) << i;
      }
    }
  }
}

TEST_F(VideoFraming, BgrIsRgbInAnotherOrder) {
  for (const Fit fit : {Fit::stretch, Fit::letterbox}) {
    const auto frames = [&](ChannelOrder channels) {
      return all_frames({.source = sample,
                         .rows = 50,
                         .columns = 70,
                         .framing = {.fit = fit, .pad = {1, 2, 3}, .channels = channels}});
    };
    const std::vector<Shown> rgb = frames(ChannelOrder::rgb), bgr = frames(ChannelOrder::bgr);
    ASSERT_EQ(rgb.size(), bgr.size());
    constexpr std::ptrdiff_t plane = 50 * 70;
    for (std::size_t i = 0; i < rgb.size(); ++i) {
      const auto part = [plane](const Shown& shown, std::ptrdiff_t index) {
        return std::vector<int>(shown.pixels.begin() + index * plane,
                                shown.pixels.begin() + (index + 1) * plane);
      };
      for (std::ptrdiff_t p = 0; p < 3; ++p) EXPECT_TRUE(part(rgb[i], p) == part(bgr[i], 2 - p)) << i;
    }
  }
}

std::string sha256(const std::vector<unsigned char>& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr), 1);
  std::string text;
  constexpr const char* digits = "0123456789abcdef";
  for (unsigned i = 0; i < length; ++i) text += {digits[digest[i] / 16], digits[digest[i] % 16]};
  return text;
}

TEST(PublishedFrames, LetterboxGivesTheSamePixels) {
  const char* const models = std::getenv("EDGE_ONNX_MODELS");
  const char* const videos = std::getenv("EDGE_VIDEOS");
  if (models == nullptr || videos == nullptr) {
    GTEST_SKIP()
        << "EDGE_ONNX_MODELS and EDGE_VIDEOS do not name directories with detections and their videos";
  }
  std::ifstream file(std::filesystem::path(models) / "nanodet-detections.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  for (const nlohmann::json& frame : golden.at("frames")) {
    const std::string video = frame.at("video");
    const auto path = std::filesystem::path(videos) / video;
    const auto source = open_frame_source({.source = std::filesystem::exists(path) ? path.string() : sample,
                                           .rows = 416,
                                           .columns = 416,
                                           .framing = {.fit = Fit::letterbox}});
    std::optional<Array> pixels;
    for (int i = frame.at("frame"); i >= 0; --i) pixels = source->next();
    ASSERT_TRUE(pixels);
    constexpr std::size_t plane = 416 * 416;
    std::vector<unsigned char> interleaved(3 * plane);
    for (std::size_t i = 0; i < interleaved.size(); ++i) {
      interleaved[i % plane * 3 + i / plane] = std::to_integer<unsigned char>(pixels->span()[i]);
    }
    EXPECT_EQ(sha256(interleaved), frame.at("letterboxed_rgb_sha256")) << video << " " << frame.at("frame");
    EXPECT_EQ(source->placement().top, frame.at("scaled").at("y"));
    EXPECT_EQ(source->placement().left, frame.at("scaled").at("x"));
  }
}

}  // namespace
}  // namespace edge
