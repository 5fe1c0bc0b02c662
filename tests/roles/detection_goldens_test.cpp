// NanoDet's detections, as somebody else's program finds them, if they are there: EDGE_ONNX_MODELS names a
// directory with the network, its golden outputs and nanodet-detections.json, EDGE_VIDEOS one with the videos
// (docs/building.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/executor.h"
#include "engine/network_outputs.h"
#include "engine/npy.h"
#include "roles/detection/detector.h"
#include "roles/model.h"
#include "roles/video/frame_source.h"
#include "tests/roles/detection_support.h"

namespace edge::detection::test {
namespace {

namespace fs = std::filesystem;

const fs::path sample = EDGE_TEST_DATA "/../../../media/sample.mp4";
constexpr Extent2d size{416, 416};

fs::path directory_in(const char* variable) {
  const char* const directory = std::getenv(variable);
  return directory != nullptr ? directory : "";
}

nlohmann::json golden_frames(const fs::path& models) {
  std::ifstream file(models / "nanodet-detections.json");
  return nlohmann::json::parse(file).at("frames");
}

/// Each of `wanted` is found, with the same class, its score and its box but for `tolerance` (pixels).
void expect_same(const std::vector<Detection>& found, const nlohmann::json& wanted, float of_scores,
                 float of_boxes) {
  EXPECT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < std::min(found.size(), wanted.size()); ++i) {
    SCOPED_TRACE(wanted[i].dump());
    EXPECT_EQ(found[i].class_index, wanted[i].at("class_id"));
    EXPECT_NEAR(found[i].score, wanted[i].at("score"), of_scores);
    const auto box = wanted[i].at("box").get<std::vector<float>>();
    EXPECT_NEAR(found[i].box.left, box.at(0), of_boxes);
    EXPECT_NEAR(found[i].box.top, box.at(1), of_boxes);
    EXPECT_NEAR(found[i].box.right, box.at(2), of_boxes);
    EXPECT_NEAR(found[i].box.bottom, box.at(3), of_boxes);
  }
}

TEST(PublishedDetections, AreDecodedFromGoldenOutputs) {
  const fs::path models = directory_in("EDGE_ONNX_MODELS");
  if (models.empty()) GTEST_SKIP() << "EDGE_ONNX_MODELS is not set";
  std::vector<Tensor> outputs;  // of the first frame of the sample
  for (const char* const stride : {"8", "16", "32"}) {
    for (const char* const kind : {"score_", "dist_"})
      outputs.push_back(load_npy((models / (std::string("nanodet-g-") + kind + stride + ".npy")).string()));
  }
  const auto decoder = decoder_of("nanodet", size, shapes_of(outputs), Choice::guessed);
  ASSERT_TRUE(decoder);
  for (const nlohmann::json& frame : golden_frames(models)) {
    if (frame.at("video") != "sample.mp4" || frame.at("frame") != 0) continue;
    const Placement placement = place(Fit::letterbox, {frame.at("height"), frame.at("width")}, size);
    expect_same(find_objects(*decoder, arrays(outputs), {}, placement), frame.at("detections"), 1e-4F, 0.01F);
  }
}

TEST(PublishedDetections, AreFoundInTheVideos) {
  const fs::path models = directory_in("EDGE_ONNX_MODELS"), videos = directory_in("EDGE_VIDEOS");
  if (models.empty() || videos.empty()) GTEST_SKIP() << "EDGE_ONNX_MODELS and EDGE_VIDEOS are not set";
  for (const char* const file : {"nanodet-g-rgb01.onnx", "nanodet-g.onnx"}) {
    ModelConfig config;
    config.name = (models / file).string();
    config.rows = size.rows;
    config.columns = size.columns;
    if (std::string_view(file) == "nanodet-g.onnx") {
      PreprocessingTexts texts;
      texts.channels = "bgr";
      texts.pixel_range = "255";
      texts.mean = "103.53,116.28,123.675";
      texts.deviation = "57.375,57.12,58.395";
      apply(texts, config.preprocessing);
    }
    const Network network = load_network(config);
    const Framing framing = framing_of(config, network.graph, "auto");
    EXPECT_EQ(framing.fit, Fit::letterbox);
    const std::optional<Detector> detector = make_detector({}, network.graph);
    ASSERT_TRUE(detector);
    EXPECT_EQ(detector->labels.name(2), "car");
    Executor executor(network.graph, *network.weights, {.threads = 2});
    for (const nlohmann::json& frame : golden_frames(models)) {
      SCOPED_TRACE(frame.at("video").get<std::string>() + " " + frame.at("frame").dump());
      const fs::path video = videos / frame.at("video").get<std::string>();
      const auto source = open_frame_source({.source = (fs::exists(video) ? video : sample).string(),
                                             .rows = size.rows,
                                             .columns = size.columns,
                                             .framing = framing});
      std::optional<Array> pixels;
      for (int i = frame.at("frame"); i >= 0; --i) pixels = source->next();
      ASSERT_TRUE(pixels);
      const TensorMap results = executor.run_range(1, network.graph.size(), {{0, as_floats(*pixels)}});
      expect_same(find_objects(*detector->decoder, outputs_in_order(network.graph, results), detector->wanted,
                               source->placement()),
                  frame.at("detections"), 2e-3F, 0.1F);
    }
  }
}

}  // namespace
}  // namespace edge::detection::test
