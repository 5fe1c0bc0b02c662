#include "roles/infer/tensor_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "engine/npy.h"

namespace edge::infer {
namespace {

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

/// "layer 9 (branch1.norm)"
std::string called(const Graph& graph, LayerIndex layer) {
  return fmt::format("layer {} ({})", layer, graph.layer(layer).name);
}

Tensor read_output(const Graph& graph, LayerIndex layer, const std::string& file) {
  Tensor tensor = load_npy(file);
  const Shape& wanted = graph.layer(layer).output_shape;
  if (tensor.shape() == wanted) return tensor;
  const Shape& frame = graph.layer(0).output_shape;
  throw Error(
      fmt::format("{}: a tensor of {}, but {} of {} makes {} from frames of {}x{}; --size names the "
                  "size of the frames",
                  file, tensor.shape().to_string(), called(graph, layer), graph.name(), wanted.to_string(),
                  frame[2], frame[3]));
}

}  // namespace

std::string file_of(const Graph& graph, LayerIndex layer, const std::string& directory) {
  return (std::filesystem::path(directory) / (graph.layer(layer).name + ".npy")).string();
}

TensorMap read_tensors(const Graph& graph, const std::vector<LayerIndex>& layers, const std::string& path) {
  TensorMap tensors;
  const bool directory = is_directory(path);
  if (layers.size() > 1 && !directory) {
    std::string names;
    for (const LayerIndex layer : layers) names += (names.empty() ? "" : ", ") + graph.layer(layer).name;
    throw Error(fmt::format("{}: not a directory; {} tensors are needed there as .npy files: {}", path,
                            layers.size(), names));
  }
  for (const LayerIndex layer : layers) {
    tensors[layer] = read_output(graph, layer, directory ? file_of(graph, layer, path) : path);
  }
  return tensors;
}

TensorOutput::TensorOutput(std::string path) : path_(std::move(path)) {
  if (is_directory(path_)) {
    check_output_directory(path_);
  } else {
    file_.emplace(path_);
  }
}

void TensorOutput::write(const Graph& graph, const TensorMap& tensors) {
  if (tensors.size() == 1 && file_) return save_npy(*file_, tensors.begin()->second);
  make_output_directory(path_);
  for (const auto& [layer, tensor] : tensors) save_npy(file_of(graph, layer, path_), tensor);
}

}  // namespace edge::infer
