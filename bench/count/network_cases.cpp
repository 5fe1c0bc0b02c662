// Whole networks, through the engine, with seeded weights.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "cases.h"
#include "engine/error.h"
#include "engine/executor.h"
#include "engine/models/models.h"
#include "engine/onnx/importer.h"
#include "engine/onnx/reader.h"

namespace edge::count {
namespace {

Work network(const char* name, bool features_only, int rows, int columns) {
  struct State {
    Graph graph;
    SeededWeights weights{1};
    Executor executor;
    TensorMap frame;
    State(const char* network, const ModelOptions& options)
        : graph(make_model(network, options)), executor(graph, weights, {}) {}
  };
  const auto state = std::make_shared<State>(
      name, ModelOptions{.rows = rows, .columns = columns, .features_only = features_only});
  Tensor image(state->graph.layer(0).output_shape);
  const std::vector<float> pixels = values(image.shape().elements());
  std::memcpy(image.data(), pixels.data(), image.bytes());
  state->frame.emplace(0, image);
  std::int64_t macs = 0;
  for (const Layer& layer : state->graph.layers()) macs += layer.macs;
  return {[=] { state->executor.run_range(1, state->graph.size(), state->frame); }, macs};
}

/// A frame of which a rectangle, `share` of its pixels, differs from the frame before; all else is kept.
Work changed_frame(const char* name, int rows, int columns, double share) {
  struct State {
    Graph graph;
    SeededWeights weights{1};
    Executor executor;
    TensorMap frames[2];
    std::size_t next = 0;
    State(const char* network, const ModelOptions& options)
        : graph(make_model(network, options)),
          executor(graph, weights, {.keep_bytes = std::size_t{1} << 30}) {}
    void run() { executor.run_range(1, graph.size(), frames[next++ % 2]); }
  };
  const auto state =
      std::make_shared<State>(name, ModelOptions{.rows = rows, .columns = columns, .features_only = true});
  Tensor first(state->graph.layer(0).output_shape);
  const std::vector<float> pixels = values(first.shape().elements());
  std::memcpy(first.data(), pixels.data(), first.bytes());
  Tensor second = first.clone();
  const double side = std::sqrt(share);
  const auto changed_rows = static_cast<int>(rows * side);
  const auto changed_columns = static_cast<int>(columns * side);
  for (int line = 0; line < 3 * rows; ++line) {
    if (line % rows >= changed_rows) continue;
    for (int column = 0; column < changed_columns; ++column) second.data()[line * columns + column] += 0.25F;
  }
  state->frames[0].emplace(0, first);
  state->frames[1].emplace(0, second);
  std::int64_t macs = 0;
  for (const Layer& layer : state->graph.layers()) macs += layer.macs;
  for (int i = 0; i < 4; ++i) state->run();  // what is faster in part is known then
  return {[=] { state->run(); }, macs};
}

}  // namespace

Work network_of_file(const std::string& file) {
  struct State {
    onnx::Network network;
    Executor executor;
    TensorMap frame;
    explicit State(onnx::Network imported)
        : network(std::move(imported)), executor(network.graph, *network.weights, {}) {}
  };
  std::string name = file;
  onnx::FrameSize size;
  const std::size_t colon = file.rfind(':');
  if (colon != std::string::npos) {
    name = file.substr(0, colon);
    char* end = nullptr;
    size.rows = std::strtol(file.c_str() + colon + 1, &end, 10);
    size.columns = *end == 'x' ? std::strtol(end + 1, nullptr, 10) : 0;
  }
  const onnx::Model model = onnx::read_model(name);
  if (size.rows <= 0 || size.columns <= 0) size = onnx::frame_size(model);
  if (size.rows <= 0 || size.columns <= 0) throw Error(name + " takes any size: say FILE:ROWSxCOLUMNS");
  const auto state = std::make_shared<State>(onnx::import_network(model, size.rows, size.columns));
  Tensor image(state->network.graph.layer(0).output_shape);
  const std::vector<float> pixels = values(image.shape().elements());
  std::memcpy(image.data(), pixels.data(), image.bytes());
  state->frame.emplace(0, image);
  std::int64_t macs = 0;
  for (const Layer& layer : state->network.graph.layers()) macs += layer.macs;
  return {[=] { state->executor.run_range(1, state->network.graph.size(), state->frame); },
          std::max<std::int64_t>(macs, 1)};
}

std::vector<Case> network_cases() {
  return {
      {"alexnet-224", [] { return network("alexnet", false, 224, 224); }},
      {"alexnet-features-480x720", [] { return network("alexnet", true, 480, 720); }},
      {"alexnet-features-10%-480x720", [] { return changed_frame("alexnet", 480, 720, 0.1); }},
      {"alexnet-features-30%-480x720", [] { return changed_frame("alexnet", 480, 720, 0.3); }},
      {"googlenet-224", [] { return network("googlenet", false, 224, 224); }},
      {"mobilenet_v2-224", [] { return network("mobilenet_v2", false, 224, 224); }},
      {"resnet18-224", [] { return network("resnet18", false, 224, 224); }},
      {"resnet50-224", [] { return network("resnet50", false, 224, 224); }},
      {"squeezenet1_1-224", [] { return network("squeezenet1_1", false, 224, 224); }},
      {"vgg16-224", [] { return network("vgg16", false, 224, 224); }},
  };
}

}  // namespace edge::count
