#include "engine/models/models.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/error.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

std::int64_t parameter_count(const Graph& graph) {
  std::int64_t count = 0;
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& parameter : layer.parameters) count += parameter.shape.elements();
  }
  return count;
}

std::int64_t macs(const Graph& graph) {
  std::int64_t total = 0;
  for (const Layer& layer : graph.layers()) total += layer.macs;
  return total;
}

Shape shape_of(const Graph& graph, const std::string& name) {
  for (const Layer& layer : graph.layers()) {
    if (layer.name == name) return layer.output_shape;
  }
  ADD_FAILURE() << "no layer " << name;
  return {};
}

TEST(Models, alexnet_is_torchvisions) {
  const Graph graph = make_model("alexnet", {});
  EXPECT_EQ(graph.size(), 1 + 13 + 2 + 7);
  EXPECT_EQ(parameter_count(graph), 61100840);
  EXPECT_EQ(macs(graph), 714188480);
  EXPECT_EQ(shape_of(graph, "features.0"), Shape({1, 64, 55, 55}));
  EXPECT_EQ(shape_of(graph, "features.2"), Shape({1, 64, 27, 27}));
  EXPECT_EQ(shape_of(graph, "features.3"), Shape({1, 192, 27, 27}));
  EXPECT_EQ(shape_of(graph, "features.5"), Shape({1, 192, 13, 13}));
  EXPECT_EQ(shape_of(graph, "features.6"), Shape({1, 384, 13, 13}));
  EXPECT_EQ(shape_of(graph, "features.8"), Shape({1, 256, 13, 13}));
  EXPECT_EQ(shape_of(graph, "features.12"), Shape({1, 256, 6, 6}));
  EXPECT_EQ(shape_of(graph, "avgpool"), Shape({1, 256, 6, 6}));
  EXPECT_EQ(shape_of(graph, "flatten"), Shape({1, 9216}));
  EXPECT_EQ(shape_of(graph, "classifier.1"), Shape({1, 4096}));
  EXPECT_EQ(shape_of(graph, "classifier.6"), Shape({1, 1000}));
}

TEST(Models, features_at_480x720) {
  const Graph alexnet = make_model("alexnet", {.rows = 480, .columns = 720, .features_only = true});
  EXPECT_EQ(alexnet.size(), 14);
  EXPECT_EQ(alexnet.layer(alexnet.output()).output_shape, Shape({1, 256, 14, 21}));
  EXPECT_NEAR(2e-9 * static_cast<double>(macs(alexnet)), 9.67, 0.01);
  const Graph vgg16 = make_model("vgg16", {.rows = 480, .columns = 720, .features_only = true});
  EXPECT_EQ(vgg16.size(), 32);
  EXPECT_EQ(vgg16.layer(vgg16.output()).output_shape, Shape({1, 512, 15, 22}));
  EXPECT_NEAR(2e-9 * static_cast<double>(macs(vgg16)), 211.4, 0.1);
}

TEST(Models, vgg_is_torchvisions) {
  const std::map<std::string, std::pair<std::int64_t, std::string>> expected{
      {"vgg11", {132863336, "features.20"}},
      {"vgg13", {133047848, "features.24"}},
      {"vgg16", {138357544, "features.30"}},
      {"vgg19", {143667240, "features.36"}}};
  for (const auto& [name, figures] : expected) {
    const Graph graph = make_model(name, {});
    EXPECT_EQ(parameter_count(graph), figures.first) << name;
    EXPECT_EQ(shape_of(graph, figures.second), Shape({1, 512, 7, 7})) << name;
    EXPECT_EQ(shape_of(graph, "classifier.6"), Shape({1, 1000})) << name;
  }
  EXPECT_EQ(macs(make_model("vgg16", {})), 15470264320);
}

TEST(Models, toy_dag_has_cuts_of_one_to_four_tensors) {
  const Graph graph = make_model("toy_dag", {.rows = 64, .columns = 96});
  std::set<std::size_t> sizes;
  for (LayerIndex first = 1; first <= graph.size(); ++first) sizes.insert(graph.boundary(first).size());
  EXPECT_EQ(sizes, (std::set<std::size_t>{1, 2, 3, 4}));
}

TEST(Models, toy_dag_has_every_kind_of_layer) {
  const Graph graph = make_model("toy_dag", {.rows = 64, .columns = 96});
  std::set<std::size_t> kinds;
  for (const Layer& layer : graph.layers()) kinds.insert(layer.operation.index());
  EXPECT_EQ(kinds.size(), std::variant_size_v<Operation>);
}

TEST(Models, classes_are_an_option) {
  for (const std::string& name : model_names()) {
    const Graph graph = make_model(name, {.rows = 96, .columns = 96, .classes = 7});
    EXPECT_EQ(graph.layer(graph.output()).output_shape, Shape({1, 7})) << name;
  }
}

TEST(Models, names_are_sorted_and_all_can_be_made) {
  const std::vector<std::string> names = model_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  for (const std::string& name : names) {
    const Graph graph = make_model(name, {.rows = 65, .columns = 97, .features_only = true});
    EXPECT_EQ(graph.name(), name);
    EXPECT_EQ(graph.layer(0).output_shape, Shape({1, 3, 65, 97}));
    std::set<std::string> layer_names;
    for (const Layer& layer : graph.layers())
      EXPECT_TRUE(layer_names.insert(layer.name).second) << layer.name;
  }
}

TEST(Models, unknown_names_and_small_frames_are_errors) {
  try {
    make_model("alexnett", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "unknown network 'alexnett'; known are alexnet, toy_dag, vgg11, vgg13, vgg16, vgg19");
  }
  try {
    make_model("alexnet", {.rows = 30, .columns = 400});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "frames of 30x400 do not fit alexnet: layer features.5 (max_pool2d): a window of 3x3 is larger than "
        "the padded image of 2x49");
  }
  for (const std::string& name : model_names()) {
    EXPECT_THROW(make_model(name, {.rows = 0, .columns = 10}), Error);
    EXPECT_THROW(make_model(name, {.rows = -5, .columns = 10}), Error);
  }
}

}  // namespace
}  // namespace edge
