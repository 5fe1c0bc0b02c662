// The network that a config asks for with its weights and class names, and how a process introduces itself
// with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/graph.h"
#include "engine/labels.h"
#include "engine/models/models.h"
#include "engine/weights.h"
#include "net/handshake.h"
#include "roles/config/config.h"

namespace edge {

/// Immutable; safe to share between threads.
struct Model {
  Graph graph;
  std::unique_ptr<const WeightSource> weights;
  Labels labels;     ///< of the output's classes; none: not known, or no classifier
  Framing framing;   ///< what pictures become
  std::string hash;  ///< of graph, weights and frame size
  std::string text;  ///< for people: "alexnet features, 480x720, seed 1"
};

/// A network and its weights, not yet hashed.
struct Network {
  Graph graph;
  std::unique_ptr<const WeightSource> weights;
};

/// Whether a network's name is a file in ONNX's format: it ends with ".onnx" (docs/onnx.md).
bool is_onnx_file(const std::string& name);

/// The rows and columns that an ONNX file's network wants; 0: any. Throws Error.
Extent2d frame_size_of_onnx(const std::string& file);

/// The frame size that a network is made for, if it says so: an ONNX file's, street's. Throws Error.
std::optional<Extent2d> usual_frame_size(const std::string& name);

/// Without weights that mean something: neither in a file nor in the program.
bool has_random_weights(const ModelConfig& config);

/// How pictures become frames: as the config says, or letterboxed for detectors and stretched for others. A
/// detector is a network whose outputs tell (make_decoder()), and one for which `decoder` names a decoder;
/// "auto" and "none" name none.
Framing framing_of(const ModelConfig& config, const Graph& graph, std::string_view decoder);

/// `graph` with what the config says about the values of pixels in front of it.
Graph with_normalization(Graph graph, const ModelConfig& config);

/// --model: another network than the config's, without the weights of that one; an ONNX file's frame size, if
/// it has one. Throws Error: no readable ONNX file.
void use_model(ModelConfig& config, const std::string& name);

/// What config says about the graph; the classes are those of ModelOptions.
ModelOptions model_options(const ModelConfig& config);

/// The network with the weights of config.weights; without that with its own, as ONNX files and `street` have
/// them, or random ones. Its classes are as many as the weights say. Logs a warning with the parameters that
/// the file has and the network has not. Throws Error: unknown network, frame too small for it, weights that
/// cannot be read or do not fit.
Network load_network(const ModelConfig& config);

/// The names that config.labels has; without that street's own, or ImageNet's for a network of 1000 classes
/// that has weights.
/// Throws Error: not readable, other than one name per class.
Labels load_labels(const ModelConfig& config, const Graph& graph);

/// All of it; `decoder` as for framing_of(). The first start with a weight file reads the whole file, to hash
/// it; later ones do not, if config.cache_directory can be written. Throws Error as above, and for weights
/// that are infinite or NaN.
Model load_model(const ModelConfig& config, std::string_view decoder = "auto");

/// "worker" with its index, or "master" with 0. Contains a new instance number.
net::Identity make_identity(const std::string& role, int index, const Model& model);

/// The thread count that a config entry stands for: 0 means all cores.
int resolve_threads(int configured);

}  // namespace edge
