// Whole networks, through the engine, with seeded weights.
#include <algorithm>
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
      {"googlenet-224", [] { return network("googlenet", false, 224, 224); }},
      {"mobilenet_v2-224", [] { return network("mobilenet_v2", false, 224, 224); }},
      {"resnet18-224", [] { return network("resnet18", false, 224, 224); }},
      {"resnet50-224", [] { return network("resnet50", false, 224, 224); }},
      {"squeezenet1_1-224", [] { return network("squeezenet1_1", false, 224, 224); }},
      {"vgg16-224", [] { return network("vgg16", false, 224, 224); }},
  };
}

}  // namespace edge::count
