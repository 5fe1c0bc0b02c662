// Folding batch norms in graphs: which ones, and that the network stays the same.
#include "engine/graph_optimizer.h"

#include <gtest/gtest.h>

#include "tests/engine/reference.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

std::vector<std::string> names_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const Layer& layer : graph.layers()) names.push_back(layer.name);
  return names;
}

TEST(FoldBatchNorms, only_into_a_convolution_that_nobody_else_reads) {
  Graph graph("test", {1, 3, 6, 7});
  graph.add("first_norm", BatchNorm2dLayer{});
  graph.add("conv1", Conv2dLayer{.out_channels = 4});
  graph.add("norm1", BatchNorm2dLayer{});
  graph.add("norm2", BatchNorm2dLayer{});
  const LayerIndex conv2 = graph.add("conv2", Conv2dLayer{.out_channels = 4, .bias = false});
  const LayerIndex norm3 = graph.add("norm3", BatchNorm2dLayer{});
  graph.add("add", AddLayer{}, {conv2, norm3});
  graph.add("conv3", Conv2dLayer{.out_channels = 5, .bias = false});
  graph.add("norm4", BatchNorm2dLayer{.epsilon = 1e-3});
  const Graph folded = fold_batch_norms(graph);
  EXPECT_EQ(names_of(folded), (std::vector<std::string>{"input", "first_norm", "norm1", "norm2", "conv2",
                                                        "norm3", "add", "norm4"}));
  EXPECT_EQ(folded.layer(6).inputs, (std::vector<LayerIndex>{4, 5}));
  EXPECT_EQ(folded.consumers(4), (std::vector<LayerIndex>{5, 6}));
  EXPECT_NE(folded.description().find("norm4 conv2d"), std::string::npos);
  EXPECT_NE(folded.description().find("norm=0x1.0624dd2f1a9fcp-10"), std::string::npos)
      << folded.description();
  EXPECT_EQ(fold_batch_norms(folded).description(), folded.description());
}

TEST(FoldBatchNorms, a_norm_that_is_not_next_in_order_stays_at_its_place) {
  Graph graph("test", {1, 3, 6, 7});
  const LayerIndex conv = graph.add("conv", Conv2dLayer{.out_channels = 4}, {0});
  const LayerIndex other = graph.add("other", Conv2dLayer{.out_channels = 4}, {0});
  const LayerIndex norm = graph.add("norm", BatchNorm2dLayer{}, {conv});
  graph.add("add", AddLayer{}, {norm, other});
  const Graph folded = fold_batch_norms(graph);
  EXPECT_EQ(names_of(folded), (std::vector<std::string>{"input", "other", "norm", "add"}));
  EXPECT_EQ(folded.layer(2).inputs, std::vector<LayerIndex>{0});
  EXPECT_EQ(folded.layer(3).inputs, (std::vector<LayerIndex>{2, 1}));
}

TEST(FoldBatchNorms, computes_the_same) {
  Graph graph("test", {1, 3, 20, 23});
  graph.add("conv1", Conv2dLayer{.out_channels = 16, .kernel = {3, 3}, .padding = {1, 1}});
  graph.add("norm1", BatchNorm2dLayer{});
  graph.add("conv2", Conv2dLayer{.out_channels = 16, .kernel = {3, 3}, .groups = 16, .bias = false});
  graph.add("norm2", BatchNorm2dLayer{.epsilon = 0.5});
  const Graph folded = fold_batch_norms(graph);
  const SeededWeights weights(5);
  const Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
  Executor executor(graph, weights, test::executor_options());
  const Array expected = executor.run_range(1, graph.size(), {{0, frame}}).at(graph.output());
  Executor folded_executor(folded, weights, test::executor_options());
  const TensorMap outputs = folded_executor.run({1, 2}, {{0, frame}}, {1, 2});
  EXPECT_LT(max_relative_error(outputs.at(2), expected), 1e-6);
  const std::vector<test::Values> reference = test::run_reference(folded, weights, frame);
  for (LayerIndex index = 1; index < 3; ++index) {
    const Array& output = outputs.at(index);
    for (std::size_t i = 0; i < output.elements(); ++i) {
      ASSERT_NEAR(output.values()[i], reference[static_cast<std::size_t>(index)][i], 1e-5);
    }
  }
}

}  // namespace
}  // namespace edge
