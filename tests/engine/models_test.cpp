#include "engine/models/models.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/models/input_layers.h"
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

TEST(Models, networks_with_batch_norm_are_torchvisions) {
  struct Figures {
    std::int64_t parameters;  // without running statistics
    std::int64_t macs;
    std::size_t layers;  // with a layer for each batch norm
  };
  const std::map<std::string, Figures> expected{
      {"vgg11_bn", {132868840, 7609090048, 39}},   {"vgg13_bn", {133053736, 11308466176, 45}},
      {"vgg16_bn", {138365992, 15470264320, 54}},  {"vgg19_bn", {143678248, 19632062464, 63}},
      {"googlenet", {6624904, 1498376192, 198}},   {"resnet18", {11689512, 1814073344, 70}},
      {"resnet34", {21797672, 3663761408, 126}},   {"resnet50", {25557032, 4089184256, 176}},
      {"resnet101", {44549160, 7801405440, 346}},  {"squeezenet1_0", {1248424, 818924576, 67}},
      {"squeezenet1_1", {1235496, 349151936, 67}}, {"mobilenet_v2", {3504872, 300774272, 154}}};
  for (const auto& [name, figures] : expected) {
    const Graph graph = make_model(name, {.fold_batch_norms = false});
    std::int64_t statistics = 0;
    for (const Layer& layer : graph.layers()) {
      for (const ParameterSpec& parameter : layer.parameters) {
        if (parameter.kind == ParameterKind::running_mean ||
            parameter.kind == ParameterKind::running_variance)
          statistics += parameter.shape.elements();
      }
    }
    EXPECT_EQ(parameter_count(graph) - statistics, figures.parameters) << name;
    EXPECT_EQ(macs(graph), figures.macs) << name;
    EXPECT_EQ(graph.layers().size(), figures.layers) << name;
    EXPECT_EQ(graph.layer(graph.output()).output_shape, Shape({1, 1000})) << name;

    const Graph folded = make_model(name, {});
    EXPECT_EQ(parameter_count(folded), parameter_count(graph)) << name;
    EXPECT_EQ(macs(folded), macs(graph)) << name;
    for (const Layer& layer : folded.layers()) {
      EXPECT_FALSE(layer.operation.is<BatchNorm2dLayer>()) << name << ' ' << layer.name;
    }
  }
}

TEST(Models, features_end_with_the_last_pooling_or_torchvisions_features) {
  const std::map<std::string, std::pair<std::string, Shape>> expected{
      {"vgg16_bn", {"features.43", {1, 512, 15, 22}}},
      {"googlenet", {"avgpool", {1, 1024, 1, 1}}},
      {"resnet18", {"avgpool", {1, 512, 1, 1}}},
      {"resnet50", {"avgpool", {1, 2048, 1, 1}}},
      {"squeezenet1_0", {"features.12", {1, 512, 29, 44}}},
      {"squeezenet1_1", {"features.12", {1, 512, 29, 44}}},
      {"mobilenet_v2", {"features.18.2", {1, 1280, 15, 23}}}};
  for (const auto& [name, end] : expected) {
    const Graph graph = make_model(name, {.rows = 480, .columns = 720, .features_only = true});
    EXPECT_EQ(graph.layer(graph.output()).name, end.first) << name;
    EXPECT_EQ(graph.layer(graph.output()).output_shape, end.second) << name;
  }
  const Graph googlenet = make_model("googlenet", {.rows = 480, .columns = 720, .features_only = true});
  EXPECT_NEAR(2e-9 * static_cast<double>(macs(googlenet)), 20.7, 0.1);
  const Graph resnet50 = make_model("resnet50", {.rows = 480, .columns = 720, .features_only = true});
  EXPECT_NEAR(2e-9 * static_cast<double>(macs(resnet50)), 56.5, 0.1);
}

TEST(Models, a_folded_layer_has_the_name_of_its_norm_and_the_parameters_of_both) {
  const Graph graph = make_model("resnet18", {});
  const Layer& layer = graph.layer(1);
  EXPECT_EQ(layer.name, "bn1");
  std::vector<std::string> names;
  for (const ParameterSpec& parameter : layer.parameters) names.push_back(parameter.name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean",
                                             "bn1.running_var"}));
}

TEST(Models, transform_input_is_googlenets) {
  const Graph with = make_model("googlenet", {.transform_input = true});
  EXPECT_EQ(with.layer(1).name, "transform_input");
  EXPECT_EQ(with.size(), make_model("googlenet", {}).size() + 1);
  EXPECT_NE(with.description(), make_model("googlenet", {}).description());
  EXPECT_THROW(make_model("resnet18", {.transform_input = true}), Error);
}

TEST(Models, normalize_comes_first_and_is_torchvisions) {
  const ModelOptions plain{.rows = 64, .columns = 64};
  const auto normalized = [](const Graph& graph) {
    return with_layer_behind_input(graph, "normalize",
                                   channel_normalization(imagenet_mean, imagenet_deviation));
  };
  for (const std::string& name : model_names()) {
    const Graph graph = normalized(make_model(name, plain));
    EXPECT_EQ(graph.layer(1).name, "normalize") << name;
    EXPECT_EQ(graph.size(), make_model(name, plain).size() + 1) << name;
    EXPECT_NE(graph.description(), make_model(name, plain).description()) << name;
    EXPECT_EQ(graph.consumers(0), std::vector<LayerIndex>{1}) << name;
  }
  const Graph both =
      normalized(make_model("googlenet", {.rows = 64, .columns = 64, .transform_input = true}));
  EXPECT_EQ(both.layer(1).name, "normalize");
  EXPECT_EQ(both.layer(2).name, "transform_input");

  const SeededWeights weights(1);
  Executor executor(both, weights, test::executor_options());
  const Tensor frame = test::random_tensor(both.layer(0).output_shape, 1);
  const TensorMap outputs = executor.run({1, 2}, {{0, frame}}, {1, 2});
  constexpr double mean[] = {0.485, 0.456, 0.406};
  constexpr double deviation[] = {0.229, 0.224, 0.225};
  const std::size_t plane = 64 * 64;
  for (std::size_t i = 0; i < frame.elements(); ++i) {
    const double normal = (frame.data()[i] - mean[i / plane]) / deviation[i / plane];
    ASSERT_NEAR(outputs.at(1).values()[i], normal, 1e-6);
    const double transformed = normal * (deviation[i / plane] / 0.5) + (mean[i / plane] - 0.5) / 0.5;
    ASSERT_NEAR(outputs.at(2).values()[i], transformed, 1e-6);
  }
}

TEST(Models, a_normalized_network_is_the_network_of_normalized_frames) {
  const Graph without = make_model("toy_dag", {.rows = 32, .columns = 48});
  const Graph with =
      with_layer_behind_input(without, "normalize", channel_normalization({0.1, 0.2, 0.3}, {2, 3, 4}));
  const SeededWeights weights(1);
  Executor first(with, weights, test::executor_options());
  Executor second(without, weights, test::executor_options());
  const TensorMap frame{{0, test::random_tensor({1, 3, 32, 48}, 1)}};
  const TensorMap normal{{0, first.run({1}, frame, {1}).at(1)}};
  EXPECT_TRUE(bit_equal(first.run_range(1, with.size(), frame).at(with.output()),
                        second.run_range(1, without.size(), normal).at(without.output())));
}

TEST(Models, toy_dag_has_cuts_of_one_to_four_tensors) {
  const Graph graph = make_model("toy_dag", {.rows = 64, .columns = 96});
  std::set<std::size_t> sizes;
  for (LayerIndex first = 1; first <= graph.size(); ++first) sizes.insert(graph.boundary(first).size());
  EXPECT_EQ(sizes, (std::set<std::size_t>{1, 2, 3, 4}));
}

TEST(Models, toy_dag_has_every_kind_of_layer_but_googlenets_input_transform) {
  std::set<std::string> kinds;
  for (const std::string& name : model_names()) {
    const Graph graph = make_model(name, {.rows = 96, .columns = 96, .fold_batch_norms = false});
    for (const Layer& layer : graph.layers()) kinds.insert(operation_name(layer.operation));
  }
  const Graph graph = make_model("toy_dag", {.rows = 64, .columns = 96, .fold_batch_norms = false});
  for (const Layer& layer : graph.layers()) kinds.erase(operation_name(layer.operation));
  kinds.erase("channel_scale");
  EXPECT_EQ(kinds, std::set<std::string>{});
}

TEST(Models, classes_are_an_option) {
  for (const std::string& name : model_names()) {
    if (name == "street") continue;  // no classifier
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
    EXPECT_STREQ(
        error.what(),
        "unknown network 'alexnett'; known are alexnet, googlenet, mobilenet_v2, resnet101, resnet18, "
        "resnet34, resnet50, squeezenet1_0, squeezenet1_1, street, toy_dag, vgg11, vgg11_bn, vgg13, "
        "vgg13_bn, "
        "vgg16, vgg16_bn, vgg19, vgg19_bn, and files that end with .onnx");
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
