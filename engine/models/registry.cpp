// Networks by name. A new one is its family's file and a line in the table.
#include <algorithm>
#include <array>

#include "engine/error.h"
#include "engine/models/families.h"
#include "engine/models/models.h"

namespace edge {
namespace {

struct Model {
  const char* name;
  Graph (*make)(const std::string& name, const ModelOptions& options);
};

constexpr std::array models{
    Model{"alexnet", make_alexnet}, Model{"toy_dag", make_toy_dag}, Model{"vgg11", make_vgg},
    Model{"vgg13", make_vgg},       Model{"vgg16", make_vgg},       Model{"vgg19", make_vgg},
};

}  // namespace

Graph make_model(const std::string& name, const ModelOptions& options) {
  const auto* const model = std::find_if(models.begin(), models.end(),
                                         [&](const Model& candidate) { return name == candidate.name; });
  if (model == models.end()) {
    std::string known;
    for (const std::string& other : model_names()) known += (known.empty() ? "" : ", ") + other;
    throw Error("unknown network '" + name + "'; known are " + known);
  }
  const std::string frame = std::to_string(options.rows) + "x" + std::to_string(options.columns);
  if (options.rows < 1 || options.columns < 1) throw Error(name + ": a frame of " + frame + " is empty");
  try {
    return model->make(name, options);
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
