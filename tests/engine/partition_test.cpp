// Every network cut into parts, as a chain of devices runs it under changing plans: the same bits as the
// whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "engine/models/models.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

/// Parameters of a plausible size, made faster than SeededWeights makes them: a window of one table each.
class TableWeights final : public WeightSource {
 public:
  TableWeights() : table_(test::random_tensor({table_size}, 1)) {}
  Array load(const ParameterSpec& parameter) const override {
    Tensor tensor(parameter.shape);
    const bool centred = parameter.kind == ParameterKind::weight || parameter.kind == ParameterKind::bias;
    const float centre =
        parameter.kind == ParameterKind::norm_scale || parameter.kind == ParameterKind::running_variance
            ? 1.0F
            : 0.0F;
    const float radius = centred ? std::sqrt(6.0F / static_cast<float>(parameter.fan_in)) : 0.25F;
    const std::size_t first = std::hash<std::string>{}(parameter.name) % 4096;
    const std::size_t period = static_cast<std::size_t>(table_size) - first;
    for (std::size_t begin = 0; begin < tensor.elements(); begin += period) {
      const std::size_t count = std::min(period, tensor.elements() - begin);
      for (std::size_t i = 0; i < count; ++i) {
        tensor.data()[begin + i] = centre + radius * table_.data()[first + i];
      }
    }
    return tensor;
  }
  std::string identity() const override { return "table"; }

 private:
  static constexpr std::int64_t table_size = 100003;
  Tensor table_;
};

/// On a device, and so under QEMU: one network of each kind.
std::vector<std::string> networks() {
#if defined(__x86_64__)
  return model_names();
#else
  return {"alexnet", "googlenet", "mobilenet_v2", "resnet18", "squeezenet1_1"};
#endif
}

class Partition : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Networks, Partition, testing::ValuesIn(networks()),
                         [](const auto& instance) { return instance.param; });

TEST_P(Partition, changing_cuts_give_the_bits_of_the_whole) {
  const std::string& name = GetParam();
  // The fully connected layers of AlexNet and VGG would take most of the time, for nothing.
  const bool heavy_classifier = name == "alexnet" || name.starts_with("vgg");
  const std::int64_t rows = name == "alexnet" ? 63 : 33;  // what the poolings of each need
  const Graph graph =
      make_model(name, {.rows = rows, .columns = rows + 8, .features_only = heavy_classifier, .classes = 10});
  const TableWeights weights;
  Executor executors[] = {Executor(graph, weights, test::executor_options(1)),
                          Executor(graph, weights, test::executor_options(2))};
  const auto layers = test::all_layers(graph);
  const auto frame_of = [&](std::uint32_t seed) {
    return TensorMap{{0, test::random_tensor(graph.layer(0).output_shape, seed)}};
  };

  // All outputs wanted: nothing is fused.
  TensorMap expected = executors[0].run(layers, frame_of(1), layers);
  expected[0] = frame_of(1).at(0);
  const TensorMap whole = executors[0].run_range(1, graph.size(), frame_of(1));
  ASSERT_TRUE(bit_equal(whole.at(graph.output()), expected.at(graph.output())));
  const Array& output = expected.at(graph.output());
  for (const float value : output.values()) ASSERT_TRUE(std::isfinite(value));
  ASSERT_NE(*std::max_element(output.values().begin(), output.values().end()),
            *std::min_element(output.values().begin(), output.values().end()));

  test::Random random(11);
  constexpr int frames = 6;
  for (int frame = 0; frame < frames; ++frame) {
    const int parts = 1 + frame % 5;
    std::vector<LayerIndex> cuts{1, graph.size()};
    while (static_cast<int>(cuts.size()) < parts + 1) {
      const bool empty_part = random() % 4 == 0;
      cuts.push_back(empty_part ? cuts.back() : test::pick(random, 1, graph.size()));
    }
    std::sort(cuts.begin(), cuts.end());
    TensorMap tensors{{0, expected.at(0)}};
    for (std::size_t part = 0; part + 1 < cuts.size(); ++part) {
      const LayerIndex end = cuts[part + 1];
      tensors = executors[random() % 2].run_range(cuts[part], end, tensors);
      const std::vector<LayerIndex> boundary = graph.boundary(end);
      ASSERT_EQ(tensors.size(), boundary.size());
      for (const LayerIndex index : boundary) {
        ASSERT_TRUE(bit_equal(tensors.at(index), expected.at(index)))
            << graph.layer(index).name << ", layers " << cuts[part] << " to " << end - 1;
      }
    }
  }
}

}  // namespace
}  // namespace edge
