#include "engine/program.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "engine/models/models.h"
#include "tests/engine/memory_checker.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

using Layers = std::vector<LayerIndex>;
using Storage = Program::Storage;

KernelTraits plain(LayerIndex /*layer*/) {
  return {};
}
KernelTraits pooling(LayerIndex /*layer*/) {
  return {.fusions = {.max_pool = true}};
}
KernelTraits adding(LayerIndex /*layer*/) {
  return {.fusions = {.residual = true}};
}
KernelTraits adding_in_place(LayerIndex /*layer*/) {
  return {.fusions = {.residual = true, .residual_in_place = true}};
}

/// conv 1, relu 2, max_pool 3, conv 4, batch_norm 5, relu 6, flatten 7, linear 8, relu 9, softmax 10
Graph make_chain() {
  Graph graph("chain", {1, 3, 16, 16});
  graph.add("conv1", Conv2dLayer{.out_channels = 4});
  graph.add("relu1", ReluLayer{});
  graph.add("pool", MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}});
  graph.add("conv2", Conv2dLayer{.out_channels = 4});
  graph.add("norm", BatchNorm2dLayer{});
  graph.add("relu2", ReluLayer{});
  graph.add("flatten", FlattenLayer{});
  graph.add("fc", LinearLayer{.out_features = 5});
  graph.add("relu3", ReluLayer{});
  graph.add("softmax", SoftmaxLayer{});
  return graph;
}

Layers step_layers(const Program& program) {
  Layers layers;
  for (const Program::Step& step : program.steps) layers.push_back(step.layer);
  return layers;
}

TEST(Program, fuses_relu_into_the_layer_before) {
  const Graph graph = make_chain();
  const Program program = compile_program(graph, test::all_layers(graph), {10}, plain);
  EXPECT_EQ(step_layers(program), (Layers{1, 3, 4, 5, 8, 10}));
  EXPECT_EQ(program.steps[0].activation, Activation::relu());
  EXPECT_EQ(program.steps[1].activation, Activation());
  EXPECT_EQ(program.steps[2].activation, Activation());
  EXPECT_EQ(program.steps[3].activation, Activation::relu());
  EXPECT_EQ(program.steps[4].activation, Activation::relu());
  EXPECT_EQ(program.given, Layers{0});
}

TEST(Program, does_not_fuse_what_is_wanted_or_used_elsewhere) {
  const Graph chain = make_chain();
  EXPECT_EQ(step_layers(compile_program(chain, {1, 2, 3}, {1, 3}, plain)), (Layers{1, 2, 3}));
  EXPECT_EQ(step_layers(compile_program(chain, {1, 3}, {1, 3}, plain)), (Layers{1, 3}));

  Graph fork("fork", {1, 3, 16, 16});
  fork.add("conv", Conv2dLayer{.out_channels = 4});
  fork.add("relu", ReluLayer{});
  fork.add("add", AddLayer{}, {1, 2});
  EXPECT_EQ(step_layers(compile_program(fork, {1, 2, 3}, {3}, plain)), (Layers{1, 2, 3}));
}

TEST(Program, fuses_pooling_behind_relu_if_the_kernel_can) {
  const auto chain_with = [](const MaxPool2dLayer& pool) {
    Graph graph("chain", {1, 3, 15, 16});
    graph.add("conv", Conv2dLayer{.out_channels = 4});
    graph.add("relu", ReluLayer{});
    graph.add("pool", pool);
    graph.add("conv2", Conv2dLayer{.out_channels = 2});
    return graph;
  };
  const MaxPool2dLayer halving{.kernel = {2, 2}, .stride = {2, 2}};
  const Graph graph = chain_with(halving);
  const Program program = compile_program(graph, {1, 2, 3, 4}, {4}, pooling);
  EXPECT_EQ(step_layers(program), (Layers{1, 4}));
  EXPECT_TRUE(program.steps[0].max_pool);
  EXPECT_EQ(program.arena_bytes, graph.output_bytes(3)) << "the unpooled feature map has no buffer";
  EXPECT_FALSE(program.steps[1].max_pool);

  EXPECT_EQ(step_layers(compile_program(graph, {1, 2, 3, 4}, {4}, plain)), (Layers{1, 3, 4}));
  EXPECT_EQ(step_layers(compile_program(graph, {1, 2, 3, 4}, {2, 4}, pooling)), (Layers{1, 3, 4}));
  EXPECT_EQ(step_layers(compile_program(graph, {1, 2}, {2}, pooling)), (Layers{1}));
  for (const MaxPool2dLayer& other :
       {MaxPool2dLayer{.kernel = {3, 3}, .stride = {2, 2}},
        MaxPool2dLayer{.kernel = {2, 2}, .stride = {1, 1}},
        MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}, .padding = {1, 1}},
        MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}, .ceil_mode = true}}) {
    const Graph unfused = chain_with(other);
    EXPECT_EQ(step_layers(compile_program(unfused, {1, 2, 3, 4}, {4}, pooling)), (Layers{1, 3, 4}));
  }
}

TEST(Program, fuses_any_activation) {
  const auto program_with = [](const Operation& host, const Operation& activation) {
    Graph graph("chain", {1, 3, 16, 16});
    graph.add("flatten", FlattenLayer{});
    graph.add("host", host, {host.is<LinearLayer>() ? 1 : 0});
    graph.add("activation", activation);
    graph.add("pool", DropoutLayer{});
    return compile_program(graph, {1, 2, 3}, {3}, plain);
  };
  const std::vector<Operation> hosts{Conv2dLayer{.out_channels = 4}, BatchNorm2dLayer{},
                                     LinearLayer{.out_features = 4}};
  for (const Operation& host : hosts) {
    const Program relu6 = program_with(host, Relu6Layer{});
    EXPECT_EQ(step_layers(relu6), Layers{2});
    EXPECT_EQ(relu6.steps[0].activation, Activation::relu6());
    const Program leaky = program_with(host, ActivationLayer{Activation::leaky_relu(0.1F)});
    EXPECT_EQ(step_layers(leaky), Layers{2});
    EXPECT_EQ(leaky.steps[0].activation, Activation::leaky_relu(0.1F));
    EXPECT_EQ(leaky.steps[0].result, 3);
  }
  EXPECT_EQ(step_layers(program_with(MaxPool2dLayer{}, ReluLayer{})), (Layers{2, 3}));
  // Pooling is made behind ReLU only.
  Graph graph("chain", {1, 3, 16, 16});
  graph.add("conv", Conv2dLayer{.out_channels = 4});
  graph.add("activation", ActivationLayer{Activation::silu()});
  graph.add("pool", MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}});
  EXPECT_EQ(step_layers(compile_program(graph, {1, 2, 3}, {3}, pooling)), (Layers{1, 3}));
}

/// conv 1, split into 2 and 3 of two channels each, conv 4 of 2, concat 5 of 4 and 3
Graph make_split(std::int64_t batch) {
  Graph graph("split", {batch, 3, 8, 8});
  graph.add("conv", Conv2dLayer{.out_channels = 4});
  graph.add("first", SliceLayer{.begin = 0, .count = 2}, {1});
  graph.add("second", SliceLayer{.begin = 2, .count = 2}, {1});
  graph.add("conv2", Conv2dLayer{.out_channels = 2}, {2});
  graph.add("concat", ConcatLayer{}, {4, 3});
  return graph;
}

TEST(Program, slices_in_one_piece_are_views_of_their_part) {
  const Graph graph = make_split(1);
  const Program program = compile_program(graph, test::all_layers(graph), {5}, plain);
  ASSERT_EQ(step_layers(program), (Layers{1, 4, 5}));
  const Program::Buffer& first = program.buffers[program.steps[1].inputs[0]];
  const Program::Buffer& second = program.buffers[program.steps[2].inputs[1]];
  EXPECT_EQ(first.storage, Storage::view);
  EXPECT_EQ(second.storage, Storage::view);
  EXPECT_EQ(first.whole, program.steps[0].output);
  EXPECT_EQ(second.whole, program.steps[0].output);
  EXPECT_EQ(first.offset, 0U);
  EXPECT_EQ(second.offset, graph.output_bytes(2));

  const Program wanted = compile_program(graph, {1, 2, 3}, {2, 3}, plain);
  ASSERT_EQ(wanted.results.size(), 2U);
  for (const Program::Result& result : wanted.results) {
    EXPECT_EQ(wanted.buffers[result.buffer].storage, Storage::view);
  }
  EXPECT_EQ(wanted.buffers[wanted.steps[0].output].storage, Storage::fresh);

  const Graph batch = make_split(2);
  EXPECT_EQ(step_layers(compile_program(batch, test::all_layers(batch), {5}, plain)), (Layers{1, 2, 3, 4, 5}))
      << "of a batch they are no longer in one piece";
}

/// A residual block: stem 1, conv 2, relu 3, conv 4, shortcut 5, add 6, relu 7.
Graph make_residual() {
  Graph graph("residual", {1, 4, 16, 16});
  graph.add("stem", Conv2dLayer{.out_channels = 4});
  graph.add("conv1", Conv2dLayer{.out_channels = 4});
  graph.add("relu1", ReluLayer{});
  graph.add("conv2", Conv2dLayer{.out_channels = 4});
  graph.add("shortcut", Conv2dLayer{.out_channels = 4}, {1});
  graph.add("add", AddLayer{}, {4, 5});
  graph.add("relu2", ReluLayer{});
  return graph;
}

TEST(Program, fuses_an_addition_into_the_addend_made_last) {
  const Graph graph = make_residual();
  const Program program = compile_program(graph, test::all_layers(graph), {7}, adding);
  EXPECT_EQ(step_layers(program), (Layers{1, 2, 4, 5}));
  EXPECT_FALSE(program.steps[2].residual.has_value());
  ASSERT_TRUE(program.steps[3].residual.has_value());
  EXPECT_EQ(*program.steps[3].residual, program.steps[2].output);
  EXPECT_NE(*program.steps[3].residual, program.steps[3].output);
  EXPECT_EQ(program.steps[3].result, 7);
  EXPECT_EQ(program.steps[3].activation, Activation::relu());
  const Program in_place = compile_program(graph, test::all_layers(graph), {7}, adding_in_place);
  EXPECT_EQ(*in_place.steps[3].residual, in_place.steps[3].output);

  EXPECT_EQ(step_layers(compile_program(graph, {4, 5, 6, 7}, {7}, adding)), (Layers{4, 5}));
  EXPECT_EQ(step_layers(compile_program(graph, {4, 5, 6, 7}, {5, 7}, adding)), (Layers{4, 5, 6}));
  EXPECT_EQ(step_layers(compile_program(graph, {5, 6, 7}, {7}, adding_in_place)), (Layers{5}))
      << "the other addend may be given";
  EXPECT_EQ(step_layers(compile_program(graph, {4, 6}, {6}, adding)), (Layers{4}));
  const Program given = compile_program(graph, {5, 6, 7}, {7}, adding_in_place);
  EXPECT_NE(*given.steps[0].residual, given.steps[0].output) << "the caller's tensor must not change";
  EXPECT_EQ(step_layers(compile_program(graph, {5, 6}, {5, 6}, adding)), (Layers{5, 6}));
  EXPECT_EQ(step_layers(compile_program(graph, test::all_layers(graph), {7}, plain)),
            (Layers{1, 2, 4, 5, 6}));
}

TEST(Program, a_residual_that_is_also_the_input_is_not_overwritten) {
  Graph graph("residual", {1, 4, 16, 16});
  graph.add("stem", Conv2dLayer{.out_channels = 4});
  graph.add("conv", Conv2dLayer{.out_channels = 4});
  graph.add("add", AddLayer{}, {1, 2});
  const Program program = compile_program(graph, {1, 2, 3}, {3}, adding_in_place);
  EXPECT_EQ(step_layers(program), (Layers{1, 2}));
  EXPECT_NE(*program.steps[1].residual, program.steps[1].output);
}

/// stem 1, conv 2, relu 3, conv 4, pool 5 (of 4), concat 6 of 3, 4, 5
Graph make_branches(std::int64_t batch) {
  Graph graph("branches", {batch, 3, 8, 8});
  graph.add("stem", Conv2dLayer{.out_channels = 4});
  graph.add("conv1", Conv2dLayer{.out_channels = 4});
  graph.add("relu1", ReluLayer{});
  graph.add("conv2", Conv2dLayer{.out_channels = 2}, {1});
  graph.add("pool", MaxPool2dLayer{.kernel = {3, 3}, .padding = {1, 1}}, {4});
  graph.add("concat", ConcatLayer{}, {3, 4, 5});
  return graph;
}

TEST(Program, makes_what_a_concat_needs_at_its_place) {
  const Graph graph = make_branches(1);
  const Program program = compile_program(graph, test::all_layers(graph), {6}, plain);
  ASSERT_EQ(step_layers(program), (Layers{1, 2, 4, 5, 6}));
  const Program::Step& concat = program.steps.back();
  std::size_t offset = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const Program::Buffer& buffer = program.buffers[concat.inputs[i]];
    EXPECT_EQ(buffer.storage, Storage::slice) << i;
    EXPECT_EQ(buffer.whole, concat.output);
    EXPECT_EQ(buffer.offset, offset);
    offset += graph.output_bytes(graph.layer(6).inputs[i]);
  }
  EXPECT_EQ(program.arena_bytes, graph.output_bytes(1));

  const Program wanted = compile_program(graph, test::all_layers(graph), {4, 6}, plain);
  EXPECT_EQ(wanted.buffers[wanted.steps.back().inputs[0]].storage, Storage::slice);
  EXPECT_EQ(wanted.buffers[wanted.steps.back().inputs[1]].storage, Storage::fresh);
  const Program given = compile_program(graph, {5, 6}, {6}, plain);
  EXPECT_EQ(given.buffers[given.steps.back().inputs[1]].storage, Storage::given);
  const Graph batch = make_branches(2);
  const Program copied = compile_program(batch, test::all_layers(batch), {6}, plain);
  for (const Program::Buffer& buffer : copied.buffers) EXPECT_NE(buffer.storage, Storage::slice);
}

TEST(Program, wanted_outputs_are_fresh_and_others_are_not) {
  const Graph graph = make_chain();
  const Program program = compile_program(graph, {1, 2, 3, 4}, {2, 4}, plain);
  ASSERT_EQ(program.results.size(), 2U);
  EXPECT_EQ(program.results[0].layer, 2);
  EXPECT_EQ(program.results[1].layer, 4);
  for (const Program::Result& result : program.results) {
    EXPECT_EQ(program.buffers[result.buffer].storage, Storage::fresh);
  }
  EXPECT_EQ(program.arena_bytes, graph.output_bytes(3));
}

TEST(Program, in_place_where_nobody_needs_the_input_later) {
  const Graph graph = make_chain();
  const Program program = compile_program(graph, {4, 5, 6}, {6}, plain);
  ASSERT_EQ(program.steps.size(), 2U);
  EXPECT_EQ(program.steps[1].inputs[0], program.steps[1].output);
  EXPECT_EQ(program.arena_bytes, 0U) << "conv2 writes where the result will be";

  const Program kept = compile_program(graph, {4, 5}, {4, 5}, plain);
  EXPECT_NE(kept.steps[1].inputs[0], kept.steps[1].output) << "conv2's output is wanted";
  const Program given = compile_program(graph, {5, 6}, {6}, plain);
  EXPECT_NE(given.steps[0].inputs[0], given.steps[0].output) << "the caller's tensor must not change";
}

TEST(Program, views_share_the_buffer) {
  const Graph graph = make_chain();
  const Program both = compile_program(graph, {5, 6, 7}, {6, 7}, plain);
  ASSERT_EQ(both.results.size(), 2U);
  EXPECT_EQ(both.results[0].buffer, both.results[1].buffer);
  const Program of_given = compile_program(graph, {7}, {7}, plain);
  EXPECT_TRUE(of_given.steps.empty());
  EXPECT_EQ(of_given.given, Layers{6});
  EXPECT_EQ(of_given.buffers[of_given.results[0].buffer].storage, Storage::given);
}

TEST(Program, empty_set_passes_given_tensors_through) {
  const Graph graph = make_chain();
  const Program program = compile_program(graph, {}, {0, 3}, plain);
  EXPECT_TRUE(program.steps.empty());
  EXPECT_EQ(program.given, (Layers{0, 3}));
  EXPECT_EQ(program.arena_bytes, 0U);
}

TEST(Program, refuses_sets_that_are_not_ascending_or_not_there) {
  const Graph graph = make_chain();
  EXPECT_THROW(compile_program(graph, {2, 1}, {1}, plain), std::logic_error);
  EXPECT_THROW(compile_program(graph, {1, 1}, {1}, plain), std::logic_error);
  EXPECT_THROW(compile_program(graph, {0, 1}, {1}, plain), std::logic_error);
  EXPECT_THROW(compile_program(graph, {11}, {11}, plain), std::logic_error);
  EXPECT_THROW(compile_program(graph, {1}, {11}, plain), std::logic_error);
  EXPECT_THROW(compile_program(graph, {1}, {-1}, plain), std::logic_error);
}

TEST(Program, memory_is_that_of_the_live_set) {
  const Graph graph = make_model("vgg16", {.rows = 480, .columns = 720, .features_only = true});
  const Program program = compile_program(graph, test::all_layers(graph), {graph.output()}, plain);
  EXPECT_EQ(program.arena_bytes, 2 * graph.output_bytes(1));  // in and out of features.2
  const Program pooled = compile_program(graph, test::all_layers(graph), {graph.output()}, pooling);
  EXPECT_EQ(pooled.arena_bytes, graph.output_bytes(1) + graph.output_bytes(5));  // 2, 3 and 4 are one step
}

/// A few random sets, one after the other, as a changing plan would ask for them. Returns the number of
/// steps.
std::size_t check_random_sets(const Graph& graph, test::Random& random) {
  std::size_t steps = 0;
  std::vector<bool> done(static_cast<std::size_t>(graph.size()));
  done[0] = true;
  for (int part = 0; part < 4; ++part) {
    const Layers set = test::random_runnable_set(graph, done, random);
    for (const LayerIndex index : set) done[static_cast<std::size_t>(index)] = true;
    Layers wanted = test::needed_outside(graph, set);
    if (!set.empty() && random() % 2 == 0) wanted.push_back(set[random() % set.size()]);
    const auto traits = [&](LayerIndex layer) {
      const bool conv = graph.layer(layer).operation.is<Conv2dLayer>();
      const bool odd = layer % 2 == 1;
      return KernelTraits{static_cast<std::size_t>(layer % 3) * 1000,
                          {.residual = conv && layer % 4 != 0, .residual_in_place = odd, .max_pool = !odd}};
    };
    const Program program = compile_program(graph, set, wanted, traits);
    test::MemoryChecker(graph, program).check();
    steps += program.steps.size();
  }
  return steps;
}

TEST(Program, an_addend_behind_the_kernels_layer_is_not_overwritten_while_needed) {
  Graph graph("test", {1, 4, 5, 5});
  graph.add("a", Conv2dLayer{.out_channels = 4}, {0});
  graph.add("b", Conv2dLayer{.out_channels = 4}, {0});
  graph.add("relu", ReluLayer{}, {1});   // run by a's kernel
  graph.add("add", AddLayer{}, {2, 3});  // run by b's, whose index is smaller than that of what it adds
  graph.add("again", AddLayer{}, {4, 3});
  const auto traits = [](LayerIndex) {
    return KernelTraits{0, {.residual = true, .residual_in_place = true}};
  };
  const Program program = compile_program(graph, {1, 2, 3, 4, 5}, {5}, traits);
  ASSERT_EQ(program.steps.size(), 3U);
  test::MemoryChecker(graph, program).check();
}

TEST(Program, no_step_destroys_what_a_later_one_needs) {
  test::Random random(5);
  std::size_t steps = 0;
  for (const char* name : {"toy_dag", "alexnet", "vgg11", "googlenet", "resnet18"}) {
    const Graph graph = make_model(
        name, {.rows = 96, .columns = 64, .classes = 10, .fold_batch_norms = std::string(name) != "toy_dag"});
    for (int round = 0; round < 60 && !HasFailure(); ++round) steps += check_random_sets(graph, random);
  }
  for (int round = 0; round < 500 && !HasFailure(); ++round) {
    const Graph graph = test::random_graph(random, 30);
    steps += check_random_sets(graph, random);
  }
  EXPECT_GT(steps, 10000U);
}

}  // namespace
}  // namespace edge
