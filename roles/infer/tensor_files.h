// The tensors at a cut as .npy files: what goes into and comes out of a range of layers. One thread; throw
// Error, one line with the file's name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "engine/graph.h"
#include "engine/output_file.h"

namespace edge::infer {

/// DIRECTORY/LAYER.npy: where a layer's output lies beside those of others.
std::string file_of(const Graph& graph, LayerIndex layer, const std::string& directory);

/// The outputs of `layers` from `path`: a file if it is one layer, or a directory with a file for each
/// (file_of). Each must have the shape that the graph gives it.
TensorMap read_tensors(const Graph& graph, const std::vector<LayerIndex>& layers, const std::string& path);

/// Where the tensors behind the last layer go. Finds out at once whether they can be written there.
class TensorOutput {
 public:
  explicit TensorOutput(std::string path);
  /// One tensor becomes the file `path`, unless that is a directory; several become files in the directory
  /// `path`, which is made if need be. Once.
  void write(const Graph& graph, const TensorMap& tensors);

 private:
  std::string path_;
  std::optional<OutputFile> file_;  ///< empty: a directory that is there
};

}  // namespace edge::infer
