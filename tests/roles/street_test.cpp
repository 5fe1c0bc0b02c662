// The network that ships with the program: its weights, names and frames, and that it finds what a scene
// shows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/executor.h"
#include "engine/models/own_weights.h"
#include "roles/detection/centre_decoder.h"
#include "roles/model.h"
#include "roles/video/scenes/scene.h"

namespace edge {
namespace {

const std::string file = EDGE_TEST_DATA "/../../../engine/models/street.safetensors";

TEST(Street, HasWeightsOfItsOwn) {
  ModelConfig config{.rows = 64, .columns = 96};
  ASSERT_EQ(config.name, "street");
  EXPECT_FALSE(has_random_weights(config));
  const Model model = load_model(config);
  EXPECT_EQ(model.text.find("street, 64x96, letterbox, its own weights ("), 0U) << model.text;
  ASSERT_EQ(model.labels.size(), 2U);
  EXPECT_EQ(model.labels.name(0), "car");
  EXPECT_EQ(model.labels.name(1), "person");
  EXPECT_EQ(own_weights("street").size(), std::filesystem::file_size(file));
  EXPECT_LE(own_weights("street").size(), 1'000'000U);
  EXPECT_TRUE(own_weights("alexnet").empty());

  config.seed = 7;
  EXPECT_EQ(load_model(config).hash, model.hash) << "nothing is random";
  config.weights = file;
  EXPECT_EQ(load_model(config).hash, model.hash) << "the same values from a file";
  EXPECT_TRUE(has_random_weights({.name = "alexnet"}));
}

TEST(Street, TakesFramesOfAnySize) {
  for (const Extent2d& size : {Extent2d{480, 720}, Extent2d{33, 50}, Extent2d{1, 1}}) {
    const Network network = load_network({.rows = size.rows, .columns = size.columns});
    EXPECT_EQ(network.graph.layer(network.graph.output()).output_shape,
              (Shape{1, 6, (size.rows + 15) / 16, (size.columns + 15) / 16}));
  }
  EXPECT_EQ(load_network({.features_only = true}).graph.layer(24 - 8).name, "features.23");
}

TEST(Street, IsSmall) {
  const Network network = load_network({.rows = 480, .columns = 720});
  std::int64_t parameters = 0, macs = 0;
  for (const Layer& layer : network.graph.layers()) {
    macs += layer.macs;
    for (const ParameterSpec& parameter : layer.parameters) parameters += parameter.shape.elements();
  }
  EXPECT_LE(parameters, 400'000);
  EXPECT_LE(macs, 1'000'000'000);
}

TEST(Street, FindsWhatASceneShows) {
  constexpr Extent2d size{480, 720};
  const Network network = load_network({.rows = size.rows, .columns = size.columns});
  Executor executor(network.graph, *network.weights, {.threads = 2});
  const auto scene =
      make_scene({.name = "street", .rows = size.rows, .columns = size.columns, .seed = 5, .objects = 6});
  int wanted = 0, found = 0;
  for (const std::int64_t frame : {10, 60}) {
    const PlanarFrame picture(size.rows, size.columns);
    scene->render(frame, picture.planes);
    const Array output = executor.run_range(1, network.graph.size(), {{0, as_floats(picture.array)}})
                             .at(network.graph.output());
    const std::vector<detection::Detection> detections = detection::suppress_overlapping(
        detection::decode_centres({.classes = 2, .rows = 30, .columns = 45, .stride = 16},
                                  output.values().data(), 0.4F),
        0.5F);
    for (const SceneObject& object : scene->objects(frame)) {
      if (object.visible < 0.6) continue;
      ++wanted;
      const detection::Box box{.left = static_cast<float>(object.left),
                               .top = static_cast<float>(object.top),
                               .right = static_cast<float>(object.right),
                               .bottom = static_cast<float>(object.bottom)};
      found += std::ranges::any_of(detections, [&](const detection::Detection& one) {
        return one.class_index == object.class_index && detection::overlap(one.box, box) >= 0.5F;
      });
    }
    EXPECT_LE(detections.size(), 7U) << "hardly anything that is not there";
  }
  EXPECT_GE(wanted, 4);
  EXPECT_EQ(found, wanted);
}

TEST(Framing, FollowsTheConfigElseTheNetwork) {
  ModelConfig street{.rows = 32, .columns = 32};
  EXPECT_EQ(load_model(street).framing, (Framing{.fit = Fit::letterbox}));
  street.preprocessing = {.fit = Fit::crop, .pad = {1, 2, 3}, .channels = ChannelOrder::bgr};
  const Model model = load_model(street);
  EXPECT_EQ(model.framing, (Framing{.fit = Fit::crop, .pad = {1, 2, 3}, .channels = ChannelOrder::bgr}));
  EXPECT_EQ(model.text.find("street, 32x32, crop, bgr, its own weights"), 0U) << model.text;
  EXPECT_EQ(load_model({.name = "toy_dag", .rows = 32, .columns = 32}).framing, Framing{});
}

TEST(Framing, ANamedDecoderIsThatOfADetector) {
  const auto fit = [](const char* name, const char* decoder, std::optional<Fit> wanted = std::nullopt) {
    ModelConfig config{.name = name, .rows = 32, .columns = 32};
    config.preprocessing.fit = wanted;
    return load_model(config, decoder).framing.fit;
  };
  EXPECT_EQ(fit("toy_dag", "yolov5"), Fit::letterbox);
  EXPECT_EQ(fit("toy_dag", "yolov5", Fit::crop), Fit::crop);
  EXPECT_EQ(fit("toy_dag", "none"), Fit::stretch);
  EXPECT_EQ(fit("street", "none"), Fit::letterbox) << "it was trained so, whether objects are wanted or not";
}

}  // namespace
}  // namespace edge
