#include "engine/executor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>

#include "engine/error.h"
#include "engine/models/models.h"
#include "tests/engine/reference.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

using Layers = std::vector<LayerIndex>;

struct SplitCase {
  const char* network;
  ModelOptions options;
  int parts = 5;  ///< at most
  int rounds = 6;
};

const std::vector<SplitCase>& cases() {
  static const std::vector<SplitCase> all{
      {"toy_dag", {.rows = 64, .columns = 96, .classes = 10}, 5, 12},
      {"alexnet", {.rows = 64, .columns = 96, .features_only = true}, 5, 4},
      {"vgg11", {.rows = 32, .columns = 32, .features_only = true}, 2, 2}};
  return all;
}

/// A network with weights and a frame, and the outputs of all its layers, each made by its own kernel without
/// fusion.
struct Fixture {
  explicit Fixture(const SplitCase& parameters)
      : graph(make_model(parameters.network, parameters.options)),
        frame(test::random_tensor(graph.layer(0).output_shape, 7)) {
    Executor executor(graph, weights, test::executor_options());
    expected = executor.run(test::all_layers(graph), {{0, frame}}, test::all_layers(graph));
    expected[0] = frame;
  }

  void expect_equal(const TensorMap& outputs, const Layers& wanted) const {
    ASSERT_EQ(outputs.size(), wanted.size());
    for (const LayerIndex index : wanted) {
      ASSERT_EQ(outputs.count(index), 1U);
      EXPECT_EQ(outputs.at(index).shape(), graph.layer(index).output_shape);
      EXPECT_TRUE(bit_equal(outputs.at(index), expected.at(index)))
          << graph.name() << ", " << graph.layer(index).name;
    }
  }

  Graph graph;
  test::CountingWeights weights;
  Tensor frame;
  TensorMap expected;
};

/// Made once per program: most of the time goes into the weights.
const Fixture& fixture_of(std::size_t index) {
  static std::map<std::size_t, std::unique_ptr<Fixture>> fixtures;
  std::unique_ptr<Fixture>& fixture = fixtures[index];
  if (fixture == nullptr) fixture = std::make_unique<Fixture>(cases()[index]);
  return *fixture;
}

constexpr std::size_t toy_dag = 0;

class ExecutorOfNetworks : public testing::TestWithParam<std::size_t> {
 protected:
  const SplitCase& parameters() const { return cases()[GetParam()]; }
};

INSTANTIATE_TEST_SUITE_P(Networks, ExecutorOfNetworks, testing::Range(std::size_t{0}, cases().size()),
                         [](const auto& instance) { return cases()[instance.param].network; });

TEST_P(ExecutorOfNetworks, whole_equals_layer_by_layer) {
  const Fixture& fixture = fixture_of(GetParam());
  const Graph& graph = fixture.graph;
  Executor executor(graph, fixture.weights, test::executor_options());
  const TensorMap whole = executor.run_range(1, graph.size(), {{0, fixture.frame}});
  fixture.expect_equal(whole, {graph.output()});
  for (LayerIndex index = 1; index < graph.size(); ++index) {
    TensorMap given;
    for (const LayerIndex input : graph.layer(index).inputs) given[input] = fixture.expected.at(input);
    fixture.expect_equal(executor.run({index}, given, {index}), {index});
  }
}

TEST_P(ExecutorOfNetworks, random_cuts_give_the_same_bits) {
  const Fixture& fixture = fixture_of(GetParam());
  const Graph& graph = fixture.graph;
  test::Random random(3);
  std::vector<std::unique_ptr<Executor>> workers;
  for (int i = 0; i < parameters().parts; ++i) {
    workers.push_back(std::make_unique<Executor>(graph, fixture.weights, test::executor_options(1 + i % 3)));
  }
  for (int round = 0; round < parameters().rounds; ++round) {
    const int parts = test::pick(random, 1, parameters().parts);
    Layers cuts{1, graph.size()};
    while (static_cast<int>(cuts.size()) < parts + 1) cuts.push_back(test::pick(random, 1, graph.size()));
    std::sort(cuts.begin(), cuts.end());
    TensorMap tensors{{0, fixture.frame}};
    for (int part = 0; part < parts; ++part) {
      const auto at = static_cast<std::size_t>(part);
      tensors = workers[at]->run_range(cuts[at], cuts[at + 1], tensors);  // empty parts pass tensors on
      fixture.expect_equal(tensors, graph.boundary(cuts[at + 1]));
    }
  }
}

TEST_P(ExecutorOfNetworks, random_sets_give_the_same_bits) {
  const Fixture& fixture = fixture_of(GetParam());
  const Graph& graph = fixture.graph;
  test::Random random(4);
  Executor executor(graph, fixture.weights, test::executor_options(2));
  for (int round = 0; round < parameters().rounds; ++round) {
    std::vector<bool> done(static_cast<std::size_t>(graph.size()));
    done[0] = true;
    TensorMap tensors{{0, fixture.frame}};
    while (std::find(done.begin(), done.end(), false) != done.end()) {
      const Layers set = test::random_runnable_set(graph, done, random);
      for (const LayerIndex index : set) done[static_cast<std::size_t>(index)] = true;
      Layers wanted = test::needed_outside(graph, set);
      if (!set.empty() && random() % 2 == 0) wanted.push_back(set[random() % set.size()]);
      std::sort(wanted.begin(), wanted.end());
      wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
      const TensorMap outputs = executor.run(set, tensors, wanted);
      fixture.expect_equal(outputs, wanted);
      for (const auto& [index, tensor] : outputs) tensors[index] = tensor;
    }
  }
  EXPECT_TRUE(bit_equal(fixture.frame, fixture.expected.at(0))) << "given tensors must not change";
}

TEST_P(ExecutorOfNetworks, threads_do_not_change_bits) {
  const Fixture& fixture = fixture_of(GetParam());
  const Graph& graph = fixture.graph;
  Executor executor(graph, fixture.weights, test::executor_options(3));
  EXPECT_EQ(executor.threads(), 3);
  fixture.expect_equal(executor.run_range(1, graph.size(), {{0, fixture.frame}}), {graph.output()});
}

TEST_P(ExecutorOfNetworks, agrees_with_the_openblas_backend) {
  const Fixture& fixture = fixture_of(GetParam());
  const Graph& graph = fixture.graph;
  Executor executor(graph, fixture.weights, test::executor_options(2, GemmBackend::openblas));
  const TensorMap outputs = executor.run_range(1, graph.size(), {{0, fixture.frame}});
  EXPECT_LT(max_relative_error(outputs.at(graph.output()), fixture.expected.at(graph.output())), 1e-5);
}

TEST(Executor, agrees_with_the_scalar_kernels) {
  const Fixture& fixture = fixture_of(toy_dag);
  const Graph& graph = fixture.graph;
  ExecutorOptions options = test::executor_options(2);
  options.isa = kernels::Isa::scalar;
  Executor executor(graph, fixture.weights, options);
  const TensorMap outputs = executor.run_range(1, graph.size(), {{0, fixture.frame}});
  EXPECT_LT(max_relative_error(outputs.at(graph.output()), fixture.expected.at(graph.output())), 1e-5);
}

TEST(Executor, agrees_with_the_definition) {
  const Fixture fixture({"toy_dag", {.rows = 33, .columns = 47, .classes = 10}, 1, 1});
  const std::vector<test::Values> reference =
      test::run_reference(fixture.graph, fixture.weights, fixture.frame);
  for (LayerIndex index = 1; index < fixture.graph.size(); ++index) {
    const test::Values& expected = reference[static_cast<std::size_t>(index)];
    Tensor rounded(fixture.graph.layer(index).output_shape);
    std::transform(expected.begin(), expected.end(), rounded.data(),
                   [](double x) { return static_cast<float>(x); });
    EXPECT_LT(max_relative_error(fixture.expected.at(index), rounded), 1e-5)
        << fixture.graph.layer(index).name;
  }
}

/// Convolutions end with ReLU and pooling unless a cut lies between them.
TEST(Executor, pooling_in_the_convolution_gives_the_same_bits) {
  Graph graph("pools", {1, 3, 50, 71});
  for (const int channels : {16, 24, 40}) {
    const std::string name = std::to_string(channels);
    graph.add("conv" + name, Conv2dLayer{.out_channels = channels, .kernel = {3, 3}, .padding = {1, 1}});
    graph.add("relu" + name, ReluLayer{});
    graph.add("pool" + name, MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}});
  }
  const SeededWeights weights(3);
  const TensorMap frame{{0, test::random_tensor(graph.layer(0).output_shape, 1)}};
  Executor executor(graph, weights, test::executor_options(2));
  const TensorMap apart = executor.run(test::all_layers(graph), frame, test::all_layers(graph));
  Executor fused(graph, weights, test::executor_options(1));
  const TensorMap together = fused.run_range(1, graph.size(), frame);
  EXPECT_TRUE(bit_equal(together.at(graph.output()), apart.at(graph.output())));
  for (LayerIndex cut = 2; cut < graph.size(); ++cut) {
    const TensorMap first = executor.run_range(1, cut, frame);
    const TensorMap rest = executor.run_range(cut, graph.size(), first);
    ASSERT_TRUE(bit_equal(rest.at(graph.output()), apart.at(graph.output()))) << "cut in front of " << cut;
  }
}

TEST(Executor, random_dags_give_the_same_bits_in_any_sets) {
  test::Random random(21);
  const SeededWeights weights(2);
  for (int round = 0; round < 40; ++round) {
    const Graph graph = test::random_graph(random, 30);
    Executor executor(graph, weights, test::executor_options(1 + round % 2));
    TensorMap tensors{{0, test::random_tensor(graph.layer(0).output_shape, 1)}};
    const TensorMap expected = executor.run(test::all_layers(graph), tensors, test::all_layers(graph));
    std::vector<bool> done(static_cast<std::size_t>(graph.size()));
    done[0] = true;
    while (std::find(done.begin(), done.end(), false) != done.end()) {
      const Layers set = test::random_runnable_set(graph, done, random);
      const Layers wanted = test::needed_outside(graph, set);
      for (const LayerIndex index : set) done[static_cast<std::size_t>(index)] = true;
      for (const auto& [index, tensor] : executor.run(set, tensors, wanted)) {
        tensors[index] = tensor;
        ASSERT_TRUE(bit_equal(tensor, expected.at(index))) << graph.description() << "layer " << index;
      }
    }
  }
}

/// An early output travels on to the end, as the later ones do; splits share their producer's memory.
TEST(Executor, several_outputs_with_any_cuts) {
  Graph graph("outputs", {1, 3, 20, 20});
  graph.add("stem", Conv2dLayer{.out_channels = 8, .kernel = {3, 3}, .padding = {1, 1}});
  const LayerIndex early = graph.add("silu", ActivationLayer{Activation::silu()});
  const LayerIndex first = graph.add("first", SliceLayer{.begin = 0, .count = 3}, {early});
  const LayerIndex second = graph.add("second", SliceLayer{.begin = 3, .count = 5}, {early});
  graph.add("scores", Conv2dLayer{.out_channels = 2}, {second});
  const LayerIndex scores = graph.add("sigmoid", ActivationLayer{Activation::sigmoid()});
  const LayerIndex boxes = graph.add("boxes", Conv2dLayer{.out_channels = 4}, {first});
  const LayerIndex last = graph.add("pool", MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}}, {boxes});
  const Layers outputs{scores, second, boxes, last};
  graph.set_outputs(outputs);
  EXPECT_EQ(graph.outputs(), outputs);
  EXPECT_EQ(graph.output(), scores);
  Layers ascending = outputs;
  std::sort(ascending.begin(), ascending.end());
  EXPECT_EQ(graph.boundary(graph.size()), ascending);
  EXPECT_EQ(graph.boundary(scores), (Layers{first, second, scores - 1}));

  const SeededWeights weights(2);
  const Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
  Executor executor(graph, weights, test::executor_options());
  const TensorMap apart = executor.run(test::all_layers(graph), {{0, frame}}, test::all_layers(graph));
  const auto expect_outputs = [&](const TensorMap& results, const std::string& what) {
    ASSERT_EQ(results.size(), outputs.size()) << what;
    for (const LayerIndex output : outputs) {
      EXPECT_EQ(results.at(output).shape(), graph.layer(output).output_shape);
      EXPECT_TRUE(bit_equal(results.at(output), apart.at(output))) << what << ", output " << output;
    }
  };
  expect_outputs(executor.run_range(1, graph.size(), {{0, frame}}), "whole");
  for (LayerIndex one = 1; one <= graph.size(); ++one) {
    for (LayerIndex two = one; two <= graph.size(); ++two) {
      TensorMap tensors = executor.run_range(1, one, {{0, frame}});
      tensors = executor.run_range(one, two, tensors);
      expect_outputs(executor.run_range(two, graph.size(), tensors),
                     "cuts in front of " + std::to_string(one) + " and " + std::to_string(two));
    }
  }
}

/// Quickly made: every parameter repeats one block of small values.
class RepeatedWeights final : public WeightSource {
 public:
  Array load(const ParameterSpec& parameter) const override {
    Tensor tensor(parameter.shape);
    for (std::size_t begin = 0; begin < tensor.elements(); begin += block_.elements()) {
      const std::size_t count = std::min(block_.elements(), tensor.elements() - begin);
      std::copy_n(block_.values().data(), count, tensor.data() + begin);
    }
    return tensor;
  }
  std::string identity() const override { return "repeated"; }

 private:
  Array block_ = SeededWeights(1).load({"block", {10007}, ParameterKind::weight, 600});
};

TEST(Executor, whole_alexnet_cut_inside_its_classifier) {
  const Graph graph = make_model("alexnet", {.rows = 64, .columns = 64, .classes = 10});
  const RepeatedWeights weights;
  Executor executor(graph, weights, test::executor_options());
  const Tensor frame = test::random_tensor(graph.layer(0).output_shape, 2);
  const Array whole = executor.run_range(1, graph.size(), {{0, frame}}).at(graph.output());
  EXPECT_EQ(whole.shape(), Shape({1, 10}));
  const LayerIndex cut = 18;  // between classifier.1 and its ReLU
  EXPECT_STREQ(operation_name(graph.layer(cut).operation), "relu");
  const TensorMap boundary = executor.run_range(1, cut, {{0, frame}});
  EXPECT_TRUE(bit_equal(executor.run_range(cut, graph.size(), boundary).at(graph.output()), whole));
}

TEST(Executor, outputs_stay_valid_and_memory_comes_back) {
  const Fixture& fixture = fixture_of(toy_dag);
  const Graph& graph = fixture.graph;
  Executor executor(graph, fixture.weights, test::executor_options());
  const LayerIndex stem = 2;
  const Array first = executor.run({1, 2}, {{0, fixture.frame}}, {stem}).at(stem);
  const Tensor other_frame = test::random_tensor(graph.layer(0).output_shape, 8);
  const float* second_data = nullptr;
  {
    const Array second = executor.run({1, 2}, {{0, other_frame}}, {stem}).at(stem);
    second_data = second.values().data();
    EXPECT_FALSE(bit_equal(first, second));
  }
  EXPECT_TRUE(bit_equal(first, fixture.expected.at(stem)));
  const Array third = executor.run({1, 2}, {{0, fixture.frame}}, {stem}).at(stem);
  EXPECT_EQ(third.values().data(), second_data) << "a dropped output's memory is used again";
  EXPECT_TRUE(bit_equal(third, first));
}

TEST(Executor, outputs_outlive_it) {
  const Fixture& fixture = fixture_of(toy_dag);
  TensorMap outputs;
  {
    Executor executor(fixture.graph, fixture.weights, test::executor_options());
    outputs = executor.run_range(1, fixture.graph.size(), {{0, fixture.frame}});
  }
  fixture.expect_equal(outputs, {fixture.graph.output()});
}

TEST(Executor, empty_set_passes_handles_through) {
  const Fixture& fixture = fixture_of(toy_dag);
  Executor executor(fixture.graph, fixture.weights, test::executor_options());
  const TensorMap outputs = executor.run({}, {{0, fixture.frame}, {3, fixture.expected.at(3)}}, {0});
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs.at(0).values().data(), fixture.frame.data());
  EXPECT_TRUE(executor.run({}, {}, {}).empty());
  EXPECT_EQ(executor.arena_bytes(), 0U);
}

TEST(Executor, views_of_given_tensors_copy_nothing) {
  Graph graph("test", {1, 2, 3, 4});
  graph.add("dropout", DropoutLayer{});
  graph.add("flatten", FlattenLayer{});
  const SeededWeights weights(1);
  Executor executor(graph, weights, test::executor_options());
  const Tensor frame = test::random_tensor({1, 2, 3, 4}, 1);
  const TensorMap outputs = executor.run({1, 2}, {{0, frame}}, {1, 2});
  EXPECT_EQ(outputs.at(1).values().data(), frame.data());
  EXPECT_EQ(outputs.at(2).values().data(), frame.data());
  EXPECT_EQ(outputs.at(2).shape(), Shape({1, 24}));
}

TEST(Executor, missing_or_wrong_boundary_tensors_are_logic_errors) {
  const Fixture& fixture = fixture_of(toy_dag);
  Executor executor(fixture.graph, fixture.weights, test::executor_options());
  const TensorMap frame{{0, fixture.frame}};
  EXPECT_THROW(executor.run({1}, {}, {1}), std::logic_error);
  EXPECT_THROW(executor.run({1}, {{0, Tensor()}}, {1}), std::logic_error);
  EXPECT_THROW(executor.run({1}, {{0, fixture.frame.reshaped({1, 3, 96, 64})}}, {1}), std::logic_error);
  EXPECT_THROW(executor.run({1, 3}, frame, {3}), std::logic_error);
  EXPECT_THROW(executor.run({1}, frame, {2}), std::logic_error);
  EXPECT_THROW(executor.run({2, 1}, frame, {2}), std::logic_error);
  EXPECT_THROW(executor.run({fixture.graph.size()}, frame, {1}), std::logic_error);
  EXPECT_THROW(executor.prepare({-1}), std::logic_error);
  try {
    executor.run({2}, frame, {2});
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "executor: the output of layer 1 (stem.conv) is needed but not given");
  }
  fixture.expect_equal(executor.run({1}, frame, {1}), {1});  // still works
}

TEST(Executor, loads_parameters_when_needed_and_drops_them_after_a_while) {
  Graph graph("test", {1, 8, 6, 6});
  graph.add("first", Conv2dLayer{.out_channels = 64, .kernel = {3, 3}, .padding = {1, 1}}, {0});
  graph.add("second", Conv2dLayer{.out_channels = 96, .kernel = {3, 3}, .padding = {1, 1}}, {0});
  const std::size_t least_first = (64 * 8 * 9 + 64) * sizeof(float);
  const std::size_t least_second = (96 * 8 * 9 + 96) * sizeof(float);
  const test::CountingWeights weights;
  const Tensor frame = test::random_tensor({1, 8, 6, 6}, 1);
  Executor executor(graph, weights, test::executor_options());
  const auto run = [&](LayerIndex index) { return executor.run({index}, {{0, frame}}, {index}).at(index); };
  EXPECT_EQ(executor.parameter_bytes(), 0U);

  executor.prepare({1});
  EXPECT_EQ(weights.loads("first.weight"), 1);
  EXPECT_EQ(weights.loads("second.weight"), 0);
  const std::size_t first_bytes = executor.parameter_bytes();
  EXPECT_GE(first_bytes, least_first);

  const Array before = run(1);
  EXPECT_EQ(weights.loads("first.weight"), 1) << "prepared already";
  for (int i = 1; i < Executor::runs_until_dropped; ++i) run(2);
  const std::size_t both_bytes = executor.parameter_bytes();
  EXPECT_GE(both_bytes, first_bytes + least_second);
  run(2);
  EXPECT_EQ(executor.parameter_bytes(), both_bytes - first_bytes) << "the first layer was dropped";

  EXPECT_TRUE(bit_equal(run(1), before));
  EXPECT_EQ(weights.loads("first.weight"), 2);
  EXPECT_EQ(weights.loads("second.weight"), 1);
}

TEST(Executor, survives_many_different_sets) {
  const Fixture& fixture = fixture_of(toy_dag);
  const Graph& graph = fixture.graph;
  Executor executor(graph, fixture.weights, test::executor_options());
  test::Random random(9);
  for (int round = 0; round < 100; ++round) {
    const LayerIndex first = test::pick(random, 1, graph.size());
    const LayerIndex last = test::pick(random, first, graph.size());
    fixture.expect_equal(executor.run_range(first, last, fixture.expected), graph.boundary(last));
  }
}

TEST(Executor, cancelled_for_good) {
  const Fixture& fixture = fixture_of(toy_dag);
  Executor executor(fixture.graph, fixture.weights, test::executor_options());
  fixture.expect_equal(executor.run_range(1, 3, fixture.expected), fixture.graph.boundary(3));
  executor.cancel();
  EXPECT_THROW(executor.run_range(1, 3, fixture.expected), Cancelled);
  EXPECT_THROW(executor.run_range(3, 9, fixture.expected), Cancelled);
}

TEST(Executor, backend_comes_from_the_environment) {
  const char* const variable = "EDGE_GEMM";
  const char* const before = std::getenv(variable);
  const std::string restored = before == nullptr ? "" : before;
  ::unsetenv(variable);
  EXPECT_EQ(gemm_backend_from_environment(), GemmBackend::edge);
  ::setenv(variable, "openblas", 1);
  EXPECT_EQ(gemm_backend_from_environment(), GemmBackend::openblas);
  ::setenv(variable, "blas", 1);
  EXPECT_THROW(gemm_backend_from_environment(), Error);
  if (before == nullptr) {
    ::unsetenv(variable);
  } else {
    ::setenv(variable, restored.c_str(), 1);
  }
}

}  // namespace
}  // namespace edge
