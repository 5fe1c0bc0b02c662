// Measures how long each layer takes on this device. Single-threaded use, as the executor.
#include <algorithm>
#include <chrono>

#include "engine/executor.h"

namespace edge {
namespace {

/// A frame like any other: values in [0, 1) without a pattern that a kernel could profit from.
Tensor make_frame(const Shape& shape) {
  Tensor frame(shape);
  std::uint32_t state = 1;
  for (float& value : frame.values()) {
    state = state * 1664525U + 1013904223U;  // Knuth's linear congruential generator
    value = static_cast<float>(state >> 8) * 0x1p-24F;
  }
  return frame;
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<double> profile_layers(Executor& executor, const Graph& graph, int min_repeats,
                                   double min_seconds,
                                   const std::function<void(int done, int total)>& progress) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> costs(static_cast<std::size_t>(graph.size()), 0.0);
  TensorMap live;  // real activations, as long as a later layer needs them
  live[0] = make_frame(graph.layer(0).output_shape);
  for (LayerIndex index = 1; index < graph.size(); ++index) {
    TensorMap given;
    for (const LayerIndex input : graph.layer(index).inputs) given[input] = live.at(input);

    executor.prepare({index});
    std::vector<double> times;
    double total = 0;
    // One run more than asked for: the first touches new memory.
    for (int i = 0; i <= min_repeats || total < min_seconds; ++i) {
      live.erase(index);  // its memory is used again
      const Clock::time_point start = Clock::now();
      live[index] = executor.run({index}, given, {index}).at(index);
      const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
      if (i == 0) continue;
      times.push_back(elapsed);
      total += elapsed;
    }
    if (!times.empty()) costs[static_cast<std::size_t>(index)] = median(times);

    std::erase_if(live, [&](const auto& entry) {
      const std::vector<LayerIndex>& consumers = graph.consumers(entry.first);
      return consumers.empty() || consumers.back() <= index;
    });
    if (progress) progress(index, graph.size() - 1);
  }
  return costs;
}

}  // namespace edge
