// Networks against PyTorch: every module's output for seeded weights, of which data/networks.txt (by
// data/make_networks.py) holds some values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "engine/models/models.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

struct Module {
  std::string name;
  double largest = 0;
  std::vector<std::pair<std::size_t, double>> values;
};

struct Golden {
  std::string network;
  std::int64_t rows = 0, columns = 0;
  bool features_only = false;
  std::vector<Module> modules;
};

std::vector<Golden> read_golden() {
  std::ifstream file(EDGE_TEST_DATA "/networks.txt");
  std::vector<Golden> networks;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first == "#") continue;
    if (first == "network") {
      Golden& golden = networks.emplace_back();
      words >> golden.network >> golden.rows >> golden.columns >> golden.features_only;
      continue;
    }
    Module module{first, 0, {}};
    words >> module.largest;
    std::size_t index = 0;
    for (double value = 0; words >> index >> value;) module.values.emplace_back(index, value);
    networks.back().modules.push_back(module);
  }
#if !defined(__x86_64__)
  // Under QEMU, making its weights alone would take seconds.
  std::erase_if(networks, [](const Golden& golden) { return golden.network == "resnet50"; });
#endif
  return networks;
}

Tensor frame_of(const Shape& shape) {
  Tensor frame(shape);
  std::uint32_t state = 1;
  for (float& value : frame.values()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) * 0x1p-24F;
  }
  return frame;
}

class GoldenNetworks : public testing::TestWithParam<Golden> {};
INSTANTIATE_TEST_SUITE_P(PyTorch, GoldenNetworks, testing::ValuesIn(read_golden()),
                         [](const auto& instance) { return instance.param.network; });

TEST_P(GoldenNetworks, every_module) {
  const Golden& golden = GetParam();
  const test::CountingWeights weights;
  std::size_t compared_folded = 0;
  for (const bool fold : {false, true}) {
    const Graph graph = make_model(golden.network, {.rows = golden.rows,
                                                    .columns = golden.columns,
                                                    .features_only = golden.features_only,
                                                    .classes = 10,
                                                    .fold_batch_norms = fold});
    Executor executor(graph, weights, test::executor_options(2));
    const TensorMap outputs = executor.run(
        test::all_layers(graph), {{0, frame_of(graph.layer(0).output_shape)}}, test::all_layers(graph));
    std::map<std::string, Array> by_name;
    for (const auto& [index, tensor] : outputs) by_name[graph.layer(index).name] = tensor;
    double worst = 0;
    for (const Module& module : golden.modules) {
      const auto found = by_name.find(module.name);
      if (found == by_name.end()) {
        ASSERT_TRUE(fold) << "no layer " << module.name;  // a convolution in front of its norm
        continue;
      }
      if (fold) ++compared_folded;
      const std::span<const float> values = found->second.values();
      double largest = 0;
      for (const float value : values) largest = std::max(largest, std::abs(double{value}));
      double error = std::abs(largest - module.largest);
      for (const auto& [index, value] : module.values) {
        ASSERT_LT(index, values.size()) << module.name;
        error = std::max(error, std::abs(double{values[index]} - value));
      }
      EXPECT_LE(error, 1e-4 * module.largest) << module.name;
      worst = std::max(worst, error / module.largest);
    }
    std::cout << golden.network << (fold ? ", norms folded: " : ": ") << worst << '\n';
  }
  EXPECT_GT(2 * compared_folded, golden.modules.size());
}

TEST(GoldenNetworks, cover_each_kind) {
  EXPECT_GE(read_golden().size(), 7U);
}

}  // namespace
}  // namespace edge
