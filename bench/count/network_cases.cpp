// Whole networks, through the engine, with seeded weights.
#include <cstring>
#include <memory>

#include "cases.h"
#include "engine/executor.h"
#include "engine/models/models.h"

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
