// The error of whole networks against double precision, with Kaiming-scaled weights, Winograd layers
// included. Each case prints its figure.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>

#include "engine/models/models.h"
#include "tests/engine/reference.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

struct Case {
  const char* model;
  std::int64_t rows, columns;
};

class Accuracy : public testing::TestWithParam<Case> {};

TEST_P(Accuracy, LargestErrorOfAnyLayerRelativeToItsLargestValue) {
  const Case& network = GetParam();
  const Graph graph =
      make_model(network.model, {.rows = network.rows, .columns = network.columns, .features_only = true});
  const SeededWeights weights(1);
  const Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
  const std::vector<test::Values> expected = test::run_reference(graph, weights, frame);
  Executor executor(graph, weights, test::executor_options(2));
  const TensorMap outputs = executor.run(test::all_layers(graph), {{0, frame}}, test::all_layers(graph));
  double worst = 0;
  for (const auto& [index, output] : outputs) {
    const test::Values& layer = expected[static_cast<std::size_t>(index)];
    double error = 0;
    double largest = 0;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      error = std::max(error, std::abs(layer[i] - static_cast<double>(output.values()[i])));
      largest = std::max(largest, std::abs(layer[i]));
    }
    ASSERT_GT(largest, 0);
    worst = std::max(worst, error / largest);
  }
  std::cout << network.model << ' ' << network.rows << 'x' << network.columns << ": " << worst << '\n';
  EXPECT_LT(worst, 5e-5);
}

INSTANTIATE_TEST_SUITE_P(Networks, Accuracy,
                         testing::Values(Case{"alexnet", 64, 96}, Case{"vgg11", 32, 32},
                                         Case{"vgg16", 32, 32}),
                         [](const auto& test) { return std::string(test.param.model); });

}  // namespace
}  // namespace edge
