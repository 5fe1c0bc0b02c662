// The warning about pixels that a decoder's networks were not trained with, and the configurations of
// docs/detection.md, of which there must be none.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "engine/models/input_layers.h"
#include "roles/config/config.h"
#include "roles/detection/usual_pixels.h"
#include "tests/roles/detector_graph.h"

namespace edge::detection {
namespace {

/// Only its name counts.
class Named final : public Decoder {
 public:
  explicit Named(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  int classes() const override { return 1; }
  std::vector<Detection> decode(std::span<const Array>, float) const override { return {}; }

 private:
  std::string name_;
};

std::string words(const std::string& decoder, const Preprocessing& preprocessing = {},
                  Fit fit = Fit::letterbox) {
  return unusual_pixels(Named(decoder), edge::test::detector_graph(), preprocessing, fit);
}

Preprocessing nanodet() {
  return {.channels = ChannelOrder::bgr,
          .pixel_range = 255,
          .mean = {{103.53, 116.28, 123.675}},
          .deviation = {{57.375, 57.12, 58.395}}};
}

TEST(UsualPixels, NameTheKeysThatDiffer) {
  EXPECT_EQ(
      words("nanodet"),
      "decoder nanodet usually wants other pixels and finds less, or nothing, with these: set channels = "
      "\"bgr\", pixel_range = 255, mean = [103.53, 116.28, 123.675], std = [57.375, 57.12, 58.395] in "
      "[model]");
  EXPECT_EQ(words("nanodet", nanodet()), "");
  Preprocessing red_first = nanodet();
  red_first.channels = ChannelOrder::rgb;
  EXPECT_NE(words("nanodet", red_first).find("set channels = \"bgr\" in"), std::string::npos);
  EXPECT_NE(words("yolov5").find("set pad = 114 in"), std::string::npos);
  EXPECT_EQ(words("yolov5", {}, Fit::stretch), "") << "there are no bars";
  EXPECT_EQ(words("yolov8", {.pad = {114, 114, 114}}), "");
  EXPECT_NE(words("yolov8", {.pad = {114, 114, 114}, .pixel_range = 255}).find("set pixel_range = 1 in"),
            std::string::npos);
  EXPECT_EQ(words("street"), "");
  EXPECT_NE(words("street", nanodet()), "");
  EXPECT_NE(words("blazeface").find("mean = 0.5, std = 0.5"), std::string::npos);
}

TEST(UsualPixels, OneOfSeveralFamiliesAndRoundingsWillDo) {
  EXPECT_EQ(words("ssd", {.mean = {{0.5, 0.5, 0.5}}, .deviation = {{0.5, 0.5, 0.5}}}), "");
  EXPECT_EQ(words("ssd", {.pixel_range = 255, .mean = {{127, 127, 127}}, .deviation = {{128, 128, 128}}}),
            "");
  EXPECT_EQ(words("ssd", {.pixel_range = 255, .mean = {{123, 117, 104}}}), "");
  EXPECT_NE(words("ssd"), "");
  EXPECT_EQ(words("yolox", {.pad = {114, 114, 114}, .channels = ChannelOrder::bgr, .pixel_range = 255}), "");
  EXPECT_EQ(words("yolox", {.pad = {114, 114, 114},
                            .mean = {.numbers = {}, .imagenet = true},
                            .deviation = {.numbers = {}, .imagenet = true}}),
            "");
}

TEST(UsualPixels, ANetworkThatMakesThemItselfIsLeftAlone) {
  const Graph graph = with_layer_behind_input(edge::test::detector_graph(), "centre",
                                              channel_normalization({0.4, 0.4, 0.4}, {0.2, 0.2, 0.2}));
  EXPECT_EQ(unusual_pixels(Named("nanodet"), graph, {}, Fit::letterbox), "");
  // The layer that the config makes is not the network's own.
  Preprocessing other = nanodet();
  other.mean = {{0, 0, 0}};
  EXPECT_NE(unusual_pixels(Named("nanodet"), graph, other, Fit::letterbox).find("set mean"),
            std::string::npos);
}

TEST(UsualPixels, ConfigurationsOfTheDocsHaveThem) {
  std::ifstream file(std::filesystem::path(EDGE_TEST_DATA) / "../../../docs/detection.md");
  std::stringstream text;
  text << file.rdbuf();
  std::string rest = text.str();
  const std::size_t begin = rest.find("## Configurations to copy");
  rest = rest.substr(begin, rest.find("\n## ", begin) - begin);
  std::set<std::string> decoders;
  const std::string fence = "```toml\n";
  for (std::size_t at = 0; (at = rest.find(fence, at)) != std::string::npos;) {
    at += fence.size();
    const std::string block = rest.substr(at, rest.find("```", at) - at);
    // The files are not there.
    const std::string named =
        std::regex_replace(block, std::regex("name = \"[^\"]*\""), "name = \"toy_dag\"");
    const Config config = parse_config(named + "\n[[workers]]\naddress = 'a:1'\n", "docs/detection.md");
    const Fit fit =
        config.model.preprocessing.fit.value_or(Fit::letterbox);  // framing_of(): of a named decoder
    EXPECT_EQ(words(config.detection.decoder, config.model.preprocessing, fit), "") << block;
    decoders.insert(config.detection.decoder);
  }
  EXPECT_EQ(decoders, (std::set<std::string>{"yolov8", "yolox", "nanodet", "ssd", "blazeface"}));
}

}  // namespace
}  // namespace edge::detection
