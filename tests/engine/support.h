// Helpers of the engine's tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "engine/graph.h"
#include "engine/weights.h"

namespace edge::test {

using Random = std::mt19937;

inline int pick(Random& random, int least, int most) {
  return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
}

/// Values in [-1, 1).
inline Tensor random_tensor(const Shape& shape, std::uint32_t seed) {
  Tensor tensor(shape);
  Random random(seed);
  for (float& value : tensor.values()) value = static_cast<float>(random() >> 8) * 0x1p-23F - 1.0F;
  return tensor;
}

/// Seeded weights that are generated once, and the count of loads.
class CountingWeights final : public WeightSource {
 public:
  explicit CountingWeights(std::uint64_t seed = 1) : source_(seed) {}

  Array load(const ParameterSpec& parameter) const override {
    const std::lock_guard lock(mutex_);
    ++loads_[parameter.name];
    Array& tensor = cache_[parameter.name];
    if (tensor.empty()) tensor = source_.load(parameter);
    return tensor;
  }
  std::string identity() const override { return source_.identity(); }
  int loads(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return loads_[name];
  }

 private:
  SeededWeights source_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Array> cache_;
  mutable std::map<std::string, int> loads_;
};

inline std::vector<LayerIndex> range(LayerIndex first, LayerIndex last) {
  std::vector<LayerIndex> layers(static_cast<std::size_t>(last - first));
  std::iota(layers.begin(), layers.end(), first);
  return layers;
}

inline std::vector<LayerIndex> all_layers(const Graph& graph) {
  return range(1, graph.size());
}

/// Options that do not depend on the environment.
inline ExecutorOptions executor_options(int threads = 1, GemmBackend gemm = GemmBackend::edge) {
  return {.isa = kernels::active_isa(), .gemm = gemm, .threads = threads};
}

/// A DAG of random layers whose outputs (but for those that a concat puts together) have the shape of the
/// input, 1x4xRxC; consumers are anywhere later.
inline Graph random_graph(Random& random, int layers) {
  Graph graph("random", {1, 4, pick(random, 1, 9), pick(random, 1, 9)});
  std::vector<LayerIndex> candidates{0};  // of inputs
  const auto recent = [&] {
    const int last = static_cast<int>(candidates.size()) - 1;
    return candidates[static_cast<std::size_t>(pick(random, std::max(0, last - 3), last))];
  };
  const auto any = [&] {
    return candidates[static_cast<std::size_t>(pick(random, 0, static_cast<int>(candidates.size()) - 1))];
  };
  const auto operation = [&]() -> Operation {
    switch (pick(random, 0, 8)) {
      case 0:
        return Conv2dLayer{.out_channels = 4, .kernel = {3, 3}, .padding = {1, 1}};
      case 8:
        return ActivationLayer{pick(random, 0, 1) == 0 ? Activation::silu() : Activation::leaky_relu(0.1F)};
      case 1:
        return Conv2dLayer{.out_channels = 4};
      case 2:
        return BatchNorm2dLayer{};
      case 3:
        return DropoutLayer{};
      case 4:
        return MaxPool2dLayer{.kernel = {3, 3}, .padding = {1, 1}};
      case 5:
        return Relu6Layer{};
      default:
        return ReluLayer{};
    }
  };
  for (int i = 0; i < layers; ++i) {
    const std::string name = "layer" + std::to_string(i);
    switch (pick(random, 0, 10)) {
      case 0:
      case 1:
        candidates.push_back(graph.add(name, AddLayer{}, {recent(), any()}));
        break;
      case 3: {  // a split, its first part changed or not, put together again
        const LayerIndex from = recent();
        const std::int64_t channels = pick(random, 1, 3);
        LayerIndex first = graph.add(name + ".first", SliceLayer{.begin = 0, .count = channels}, {from});
        const LayerIndex second =
            graph.add(name + ".second", SliceLayer{.begin = channels, .count = 4 - channels}, {from});
        if (random() % 2 == 0) first = graph.add(name + ".relu", ReluLayer{}, {first});
        candidates.push_back(graph.add(name, ConcatLayer{}, {first, second}));
        break;
      }
      case 2: {
        const LayerIndex first = graph.add(name + ".first", Conv2dLayer{.out_channels = 3}, {recent()});
        const LayerIndex second = graph.add(name + ".second", Conv2dLayer{.out_channels = 1}, {any()});
        const LayerIndex relu = graph.add(name + ".relu", ReluLayer{}, {random() % 2 == 0 ? first : second});
        const std::vector<LayerIndex> parts =
            graph.layer(relu).inputs[0] == first ? std::vector{relu, second} : std::vector{relu, first};
        candidates.push_back(graph.add(name, ConcatLayer{}, parts));
        break;
      }
      default: {
        const LayerIndex input =
            recent();  // arguments have no order: all compilers shall make the same graph
        candidates.push_back(graph.add(name, operation(), {input}));
      }
    }
  }
  return graph;
}

/// A set of layers that can run once `done` are there: a random choice, or all that are left.
inline std::vector<LayerIndex> random_runnable_set(const Graph& graph, const std::vector<bool>& done,
                                                   Random& random) {
  std::vector<bool> available = done;
  std::vector<LayerIndex> set;
  const int keep_percent = pick(random, 20, 100);
  for (LayerIndex index = 1; index < graph.size(); ++index) {
    if (done[static_cast<std::size_t>(index)] || pick(random, 1, 100) > keep_percent) continue;
    bool runnable = true;
    for (const LayerIndex input : graph.layer(index).inputs)
      runnable &= available[static_cast<std::size_t>(input)];
    if (!runnable) continue;
    available[static_cast<std::size_t>(index)] = true;
    set.push_back(index);
  }
  return set;
}

/// Those of `set` whose output a layer outside of it needs, or that are the network's output.
inline std::vector<LayerIndex> needed_outside(const Graph& graph, const std::vector<LayerIndex>& set) {
  std::vector<LayerIndex> wanted;
  for (const LayerIndex index : set) {
    bool needed = graph.consumers(index).empty();
    for (const LayerIndex consumer : graph.consumers(index)) {
      needed |= !std::binary_search(set.begin(), set.end(), consumer);
    }
    if (needed) wanted.push_back(index);
  }
  return wanted;
}

}  // namespace edge::test
