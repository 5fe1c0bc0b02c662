// An executor that keeps outputs gives the bits of one that computes everything, frame after frame.
#include "engine/kept_outputs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/changed_positions.h"
#include "engine/models/models.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

using Layers = std::vector<LayerIndex>;

constexpr std::size_t plenty = std::size_t{1} << 30;

ExecutorOptions keeping(std::size_t bytes, int threads = 1) {
  ExecutorOptions options = test::executor_options(threads);
  options.keep_bytes = bytes;
  return options;
}

/// The next frame of a scene: rectangles change, sometimes nothing, sometimes all.
Tensor next_frame(const Tensor& frame, test::Random& random) {
  Tensor next = frame.clone();
  const Shape& shape = frame.shape();
  const int kind = test::pick(random, 0, 9);
  if (kind == 0) return next;
  if (kind == 1) return test::random_tensor(shape, static_cast<std::uint32_t>(random()));
  const auto rows = static_cast<int>(shape[2]);
  const auto columns = static_cast<int>(shape[3]);
  for (int i = test::pick(random, 1, 3); i > 0; --i) {
    const int row = test::pick(random, 0, rows - 1);
    const int column = test::pick(random, 0, columns - 1);
    const int last_row = std::min(row + test::pick(random, 0, rows / 4), rows - 1);
    const int last_column = std::min(column + test::pick(random, 0, columns / 4), columns - 1);
    for (int channel = 0; channel < static_cast<int>(shape[1]); ++channel) {
      for (int y = row; y <= last_row; ++y) {
        for (int x = column; x <= last_column; ++x) {
          next.data()[(channel * rows + y) * columns + x] = static_cast<float>(test::pick(random, -9, 9)) / 9;
        }
      }
    }
  }
  return next;
}

void expect_equal(const Graph& graph, const TensorMap& actual, const TensorMap& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [layer, output] : expected) {
    ASSERT_TRUE(bit_equal(actual.at(layer), output)) << graph.name() << ", " << graph.layer(layer).name;
  }
}

void check_frames(const Graph& graph, const WeightSource& weights, const Layers& wanted,
                  const ExecutorOptions& options, int frames, std::uint32_t seed) {
  Executor dense(graph, weights, test::executor_options());
  Executor kept(graph, weights, options);
  test::Random random(seed);
  Tensor frame = test::random_tensor(graph.layer(0).output_shape, seed);
  std::vector<TensorMap> earlier;
  std::vector<TensorMap> expected;
  for (int i = 0; i < frames; ++i) {
    earlier.push_back(kept.run(test::all_layers(graph), {{0, frame}}, wanted));
    expected.push_back(dense.run(test::all_layers(graph), {{0, frame}}, wanted));
    SCOPED_TRACE("frame " + std::to_string(i));
    expect_equal(graph, earlier.back(), expected.back());
    if (testing::Test::HasFatalFailure()) return;
    frame = next_frame(frame, random);
  }
  // Results that were handed out stay as they were.
  for (std::size_t i = 0; i < earlier.size(); ++i) expect_equal(graph, earlier[i], expected[i]);
}

TEST(KeptOutputs, GiveTheBitsOfDenseRuns) {
  const std::vector<std::pair<const char*, ModelOptions>> networks{
      {"toy_dag", {.rows = 64, .columns = 96, .classes = 10}},
      {"alexnet", {.rows = 64, .columns = 96, .features_only = true}},
      {"vgg11", {.rows = 48, .columns = 64, .features_only = true}},
      {"resnet18", {.rows = 64, .columns = 64, .classes = 10}},
      {"mobilenet_v2", {.rows = 64, .columns = 64, .classes = 10}},
      {"squeezenet1_1", {.rows = 64, .columns = 64, .classes = 10}},
      {"googlenet", {.rows = 64, .columns = 64, .classes = 10}}};
  std::uint32_t seed = 1;
  for (const auto& [name, options] : networks) {
    const Graph graph = make_model(name, options);
    const test::CountingWeights weights;
    check_frames(graph, weights, {graph.size() - 1}, keeping(plenty), 5, ++seed);
    check_frames(graph, weights, {graph.size() - 1}, keeping(plenty, 2), 2, ++seed);
  }
}

TEST(KeptOutputs, GiveEveryLayersBits) {
  const Graph graph = make_model("resnet18", {.rows = 64, .columns = 64, .classes = 10});
  check_frames(graph, test::CountingWeights(), test::all_layers(graph), keeping(plenty), 4, 3);
}

TEST(KeptOutputs, GiveTheBitsOfRandomGraphs) {
  test::Random random(11);
  for (int round = 0; round < 60; ++round) {
    const Graph graph = test::random_graph(random, test::pick(random, 3, 14));
    Layers wanted;
    for (LayerIndex layer = 1; layer < graph.size(); ++layer) {
      if (layer == graph.size() - 1 || random() % 5 == 0) wanted.push_back(layer);
    }
    const std::size_t limit = random() % 3 == 0 ? random() % 8000 : plenty;
    SCOPED_TRACE("round " + std::to_string(round));
    check_frames(graph, test::CountingWeights(), wanted, keeping(limit), 6,
                 static_cast<std::uint32_t>(round));
    if (HasFatalFailure()) return;
  }
}

TEST(KeptOutputs, StayWithinTheLimit) {
  const Graph graph = make_model("squeezenet1_1", {.rows = 64, .columns = 96, .classes = 10});
  const test::CountingWeights weights;
  Executor all(graph, weights, keeping(plenty));
  const Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
  all.run(test::all_layers(graph), {{0, frame}}, {graph.size() - 1});
  ASSERT_GT(all.kept_bytes(), std::size_t{100000});
  for (const double part : {0.9, 0.5, 0.1, 0.001}) {
    const auto limit = static_cast<std::size_t>(part * static_cast<double>(all.kept_bytes()));
    Executor some(graph, weights, keeping(limit));
    some.run(test::all_layers(graph), {{0, frame}}, {graph.size() - 1});
    EXPECT_LE(some.kept_bytes(), limit);
    if (part > 0.4) {
      EXPECT_GT(some.kept_bytes(), limit / 2);
    }
    if (part < 0.6) check_frames(graph, weights, {graph.size() - 1}, keeping(limit), 3, 9);
  }
}

TEST(KeptOutputs, NothingIsComputedForAnUnchangedFrame) {
  const Graph graph = make_model("mobilenet_v2", {.rows = 64, .columns = 64, .classes = 10});
  const test::CountingWeights weights;
  Executor kept(graph, weights, keeping(plenty));
  const Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
  const TensorMap first = kept.run(test::all_layers(graph), {{0, frame}}, {graph.size() - 1});
  EXPECT_EQ(kept.computed().share(), 1);
  const TensorMap second = kept.run(test::all_layers(graph), {{0, frame.clone()}}, {graph.size() - 1});
  EXPECT_EQ(kept.computed().computed, 0);
  EXPECT_GT(kept.computed().all, 0);
  EXPECT_EQ(second.at(graph.size() - 1).data(), first.at(graph.size() - 1).data()) << "the same result";
}

TEST(KeptOutputs, LittleIsComputedForASmallChange) {
  const Graph graph = make_model("alexnet", {.rows = 224, .columns = 224, .features_only = true});
  const test::CountingWeights weights;
  Executor kept(graph, weights, keeping(plenty));
  Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
  kept.run(test::all_layers(graph), {{0, frame}}, {graph.size() - 1});
  frame = frame.clone();
  frame.data()[0] += 1;
  kept.run(test::all_layers(graph), {{0, frame}}, {graph.size() - 1});
  EXPECT_GT(kept.computed().share(), 0);
  EXPECT_LT(kept.computed().share(), 0.4);
}

TEST(KeptOutputs, OtherLayersInBetweenDoNotDisturb) {
  const Graph graph = make_model("alexnet", {.rows = 64, .columns = 96, .features_only = true});
  const test::CountingWeights weights;
  Executor dense(graph, weights, test::executor_options());
  Executor kept(graph, weights, keeping(plenty));
  test::Random random(5);
  Tensor frame = test::random_tensor(graph.layer(0).output_shape, 2);
  for (int i = 0; i < 12; ++i) {
    const LayerIndex last = i % 3 == 2 ? 6 : graph.size();
    const TensorMap expected = dense.run_range(1, last, {{0, frame}});
    expect_equal(graph, kept.run_range(1, last, {{0, frame}}), expected);
    frame = next_frame(frame, random);
  }
}

TEST(KeptOutputs, FailedRunsLeaveNoDoubt) {
  const Graph graph = make_model("alexnet", {.rows = 64, .columns = 96, .features_only = true});
  const test::CountingWeights weights;
  Executor dense(graph, weights, test::executor_options());
  Executor kept(graph, weights, keeping(plenty));
  const Tensor first = test::random_tensor(graph.layer(0).output_shape, 2);
  const Tensor second = test::random_tensor(graph.layer(0).output_shape, 3);
  kept.run(test::all_layers(graph), {{0, first}}, {graph.size() - 1});
  EXPECT_THROW(kept.run(test::all_layers(graph), {{0, Tensor(Shape{1, 3, 4, 4})}}, {graph.size() - 1}),
               std::logic_error);
  expect_equal(graph, kept.run(test::all_layers(graph), {{0, second}}, {graph.size() - 1}),
               dense.run(test::all_layers(graph), {{0, second}}, {graph.size() - 1}));
}

TEST(ChangedPositions, AreThoseOfAnyChannelsBits) {
  Tensor before = Tensor::zeros({1, 2, 3, 70});
  Tensor now = before.clone();
  now.data()[0] = -0.0F;             // channel 0, row 0, column 0
  now.data()[3 * 70 + 70 + 69] = 1;  // channel 1, row 1, column 69
  const kernels::DirtyMap map = changed_positions(before, now);
  EXPECT_EQ(map.count(), 2);
  EXPECT_TRUE(map.test(0, 0));
  EXPECT_TRUE(map.test(1, 69));
  EXPECT_FALSE(changed_positions(before, before.clone()).any());
  const Tensor flat = Tensor::zeros({1, 6});
  const Tensor other = test::random_tensor({1, 6}, 1);
  EXPECT_TRUE(changed_positions(flat, other).any());
}

}  // namespace
}  // namespace edge
