// The tensors at a cut as .npy files: what goes into and comes out of a range of layers. One thread; throw
// Error, one line with the file's name.
#pragma once

#include <string>
#include <vector>

#include "engine/executor.h"
#include "engine/graph.h"

namespace edge::infer {

/// DIRECTORY/LAYER.npy: where a layer's output lies beside those of others.
std::string file_of(const Graph& graph, LayerIndex layer, const std::string& directory);

/// The outputs of `layers` from `path`: a file if it is one layer, or a directory with a file for each
/// (file_of). Each must have the shape that the graph gives it.
TensorMap read_tensors(const Graph& graph, const std::vector<LayerIndex>& layers, const std::string& path);

/// One tensor becomes the file `path`, unless that is a directory; several become files in the directory
/// `path`, which is made if need be.
void write_tensors(const Graph& graph, const TensorMap& tensors, const std::string& path);

/// Makes it if need be.
void make_directory(const std::string& directory);

}  // namespace edge::infer
