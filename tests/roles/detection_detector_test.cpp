// What [detection] makes of a network.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "engine/error.h"
#include "engine/models/models.h"
#include "roles/detection/decoders.h"
#include "roles/detection/detector.h"
#include "tests/roles/detector_graph.h"

namespace edge::detection {
namespace {

std::string message_of(const DetectionConfig& config, const Graph& graph = edge::test::detector_graph()) {
  try {
    make_detector(config, graph);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

ClassChoice named(const std::string& name) {
  return {.name = name, .index = 0, .where = "config.toml:9: detection.classes[0]"};
}
ClassChoice numbered(int index) {
  return {.name = {}, .index = index, .where = "config.toml:9: detection.classes[0]"};
}

TEST(Detector, DefaultsAreTheDecoders) {
  const auto detector = make_detector({}, edge::test::detector_graph());
  ASSERT_TRUE(detector);
  EXPECT_EQ(detector->decoder->classes(), 2);
  EXPECT_EQ(detector->wanted.threshold, detector->decoder->usual_threshold());
  EXPECT_EQ(detector->wanted.overlap, detector->decoder->usual_overlap());
  EXPECT_TRUE(detector->wanted.classes.empty());
  EXPECT_EQ(detector->labels.name(1), "person") << "the scenes' own";
}

TEST(Detector, WhatTheConfigSays) {
  const auto detector =
      make_detector({.threshold = 0.7F, .nms = 0.1F, .classes = {named("person"), numbered(0), numbered(1)}},
                    edge::test::detector_graph());
  ASSERT_TRUE(detector);
  EXPECT_EQ(detector->wanted.threshold, 0.7F);
  EXPECT_EQ(detector->wanted.overlap, 0.1F);
  EXPECT_EQ(detector->wanted.classes, (std::vector{0, 1})) << "each once";
  EXPECT_FALSE(make_detector({.decoder = "none", .threshold = 0.7F}, edge::test::detector_graph()));
}

TEST(Detector, ClassifiersAreNone) {
  const Graph classifier = make_model("toy_dag", {.rows = 32, .columns = 32});
  EXPECT_FALSE(make_detector({}, classifier));
  EXPECT_NE(message_of({.threshold = 0.5F}, classifier).find("[detection] has threshold, but no decoder"),
            std::string::npos);
  EXPECT_NE(message_of({.classes = {numbered(0)}}, classifier).find("has classes"), std::string::npos);
  const Decoders decoders(classifier);
  for (const std::string& name : decoder_names()) {
    EXPECT_EQ(decoders.find(name), nullptr) << name;
    EXPECT_NE(message_of({.decoder = name}, classifier), "accepted") << name;
  }
}

TEST(Detector, ClassesThatThereAreNot) {
  EXPECT_EQ(message_of({.classes = {numbered(2)}}),
            "config.toml:9: detection.classes[0]: the network has 2 classes, 0 to 1, not 2");
  EXPECT_EQ(message_of({.classes = {named("persn")}}),
            "config.toml:9: detection.classes[0]: there is no class 'persn'; did you mean 'person'?");
  EXPECT_EQ(message_of({.classes = {named("tricycle")}}),
            "config.toml:9: detection.classes[0]: there is no class 'tricycle'; known: car, person");
}

TEST(Detector, LabelsAreOnePerClass) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "detector_labels.txt";
  std::ofstream(file) << "Auto\nMensch\n";
  const auto detector =
      make_detector({.classes = {named("Mensch")}, .labels = file.string()}, edge::test::detector_graph());
  EXPECT_EQ(detector->labels.name(0), "Auto");
  // The names of [model] count where [detection] has none.
  EXPECT_EQ(make_detector({}, edge::test::detector_graph(), {.labels = file.string()})->labels.name(0),
            "Auto");
  EXPECT_EQ(make_detector({.labels = file.string()}, edge::test::detector_graph(), {.labels = "missing"})
                ->labels.name(0),
            "Auto");
  EXPECT_EQ(detector->wanted.classes, std::vector{1});
  EXPECT_EQ(detector_text(*detector), "street, 2 classes (Auto, Mensch), threshold 0.40, nms 0.50");
  std::ofstream(file) << "car\nperson\ndog\n";
  EXPECT_NE(message_of({.labels = file.string()}).find("3 names, but street has 2 classes"),
            std::string::npos);
  std::filesystem::remove(file);
  EXPECT_NE(message_of({.labels = file.string()}), "accepted");
  const std::string where = "c.toml:7: detection.labels";
  EXPECT_EQ(
      message_of({.labels = file.string(), .where = {{"labels", where}}}).find(where + ": " + file.string()),
      0U);
}

TEST(Detector, ErrorsNameTheKeysPlace) {
  const std::string where = "c.toml:5: detection.decoder";
  EXPECT_EQ(message_of({.decoder = "yolov5", .where = {{"decoder", where}}})
                .find(where + ": decoder = \"yolov5\" reads"),
            0U);
  const Graph classifier = make_model("toy_dag", {.rows = 32, .columns = 32});
  EXPECT_EQ(
      message_of({.threshold = 0.5F, .where = {{"threshold", "c.toml:6: detection.threshold"}}}, classifier)
          .find("c.toml:6: detection.threshold: [detection] has threshold"),
      0U);
}

TEST(Decoders, AreFoundByName) {
  const Graph graph = edge::test::detector_graph();
  const Decoders decoders(graph);
  const auto own = make_decoder("auto", graph);
  const Decoder* const found = decoders.find(own->name());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->classes(), own->classes());
  for (const char* const name : {"", "auto", "none", "no such"})
    EXPECT_EQ(decoders.find(name), nullptr) << name;
}

}  // namespace
}  // namespace edge::detection
