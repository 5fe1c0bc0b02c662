// Networks by name. A new one is its family's file and a line in the table.
#include <algorithm>
#include <array>

#include "engine/error.h"
#include "engine/graph_optimizer.h"
#include "engine/models/families.h"
#include "engine/models/models.h"

namespace edge {
namespace {

struct Model {
  const char* name;
  Graph (*make)(const std::string& name, const ModelOptions& options);
};

constexpr std::array models{
    Model{"alexnet", make_alexnet},
    Model{"googlenet", make_googlenet},
    Model{"mobilenet_v2", make_mobilenet_v2},
    Model{"resnet101", make_resnet},
    Model{"resnet18", make_resnet},
    Model{"resnet34", make_resnet},
    Model{"resnet50", make_resnet},
    Model{"squeezenet1_0", make_squeezenet},
    Model{"squeezenet1_1", make_squeezenet},
    Model{"street", make_street},
    Model{"toy_dag", make_toy_dag},
    Model{"vgg11", make_vgg},
    Model{"vgg11_bn", make_vgg},
    Model{"vgg13", make_vgg},
    Model{"vgg13_bn", make_vgg},
    Model{"vgg16", make_vgg},
    Model{"vgg16_bn", make_vgg},
    Model{"vgg19", make_vgg},
    Model{"vgg19_bn", make_vgg},
};

}  // namespace

Graph make_model(const std::string& name, const ModelOptions& options) {
  const auto* const model = std::find_if(models.begin(), models.end(),
                                         [&](const Model& candidate) { return name == candidate.name; });
  if (model == models.end()) {
    std::string known;
    for (const std::string& other : model_names()) known += (known.empty() ? "" : ", ") + other;
    throw Error("unknown network '" + name + "'; known are " + known + ", and files that end with .onnx");
  }
  const std::string frame = std::to_string(options.rows) + "x" + std::to_string(options.columns);
  if (options.rows < 1 || options.columns < 1) throw Error(name + ": a frame of " + frame + " is empty");
  if (options.transform_input && name != "googlenet") {
    throw Error(name + " has no transform_input; only googlenet has");
  }
  try {
    const Graph graph = model->make(name, options);
    return options.fold_batch_norms ? fold_batch_norms(graph) : graph;
  } catch (const Error& error) {
    throw Error("frames of " + frame + " do not fit " + error.what());
  }
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  names.reserve(models.size());
  for (const Model& model : models) names.emplace_back(model.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace edge
