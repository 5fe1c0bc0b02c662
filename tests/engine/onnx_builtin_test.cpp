// The built-in networks, exported to ONNX and imported again, give the same bits.
#include <gtest/gtest.h>

#include "engine/executor.h"
#include "engine/models/models.h"
#include "engine/onnx/importer.h"
#include "tests/engine/onnx_export.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

/// Networks whose classifiers are a hundred million weights, or need an adaptive pooling that ONNX has not,
/// are compared without them.
bool without_classifier(const std::string& name) {
  return name.starts_with("vgg") || name == "alexnet";
}

class OnnxBuiltin : public ::testing::TestWithParam<std::string> {};

TEST_P(OnnxBuiltin, gives_the_same_bits) {
  const ModelOptions options{
      .rows = 64, .columns = 96, .features_only = without_classifier(GetParam()), .classes = 10};
  const Graph graph = make_model(GetParam(), options);
  const SeededWeights weights(3);
  const test::OnnxExporter exporter(graph, weights);
  const onnx::Network network = onnx::import_network(exporter.file().model(), options.rows, options.columns);
  const Tensor input = test::random_tensor(graph.layer(0).output_shape, 5);
  Executor original(graph, weights, test::executor_options(2));
  Executor imported(network.graph, *network.weights, test::executor_options(2));
  const Array expected = original.run_range(1, graph.size(), {{0, input}}).at(graph.output());
  const Array result = imported.run_range(1, network.graph.size(), {{0, input}}).at(network.outputs.front());
  EXPECT_TRUE(bit_equal(result, expected)) << max_relative_error(result, expected);
}

/// All but the one that is made for tests, of which ONNX has not all layers.
std::vector<std::string> networks() {
  std::vector<std::string> names = model_names();
  std::erase(names, "toy_dag");
  return names;
}

INSTANTIATE_TEST_SUITE_P(Networks, OnnxBuiltin, ::testing::ValuesIn(networks()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace edge
