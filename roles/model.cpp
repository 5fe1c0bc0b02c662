#include "roles/model.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "engine/error.h"
#include "engine/model_hash.h"
#include "engine/models/input_layers.h"
#include "engine/models/own_weights.h"
#include "engine/onnx/importer.h"
#include "engine/onnx/reader.h"
#include "engine/weight_file.h"
#include "kernels/cpu.h"
#include "kernels/thread_pool.h"
#include "roles/detection/decoder.h"
#include "roles/version.h"
#include "roles/video/scenes/scene.h"

namespace edge {
namespace {

// armv7's NEON flushes denormals to zero, aarch64's does not: not the same arithmetic, although both are
// "neon".
#if defined(__x86_64__)
constexpr const char* architecture = "x86-64";
#elif defined(__aarch64__)
constexpr const char* architecture = "aarch64";
#elif defined(__arm__)
constexpr const char* architecture = "armv7";
#else
constexpr const char* architecture = "other";
#endif

constexpr std::size_t imagenet_classes = 1000;

constexpr const char* street = "street";
constexpr Extent2d street_frame{480, 720};

/// 0 if the network has no classifier: its output is then no row of logits, or one of several.
std::size_t classes_of(const Graph& graph) {
  if (graph.outputs().size() != 1) return 0;
  const Shape& output = graph.layer(graph.output()).output_shape;
  return output.rank() == 2 ? static_cast<std::size_t>(output[1]) : 0;
}

/// As many classes as the last layer with parameters has outputs in the file; what does not fit otherwise is
/// left for FileWeights to tell.
std::int64_t classes_in(const WeightFile& file, const Graph& graph) {
  constexpr std::int64_t most = 1'000'000;
  const ParameterSpec* last = nullptr;
  for (const Layer& layer : graph.layers()) {
    if (!layer.parameters.empty()) last = &layer.parameters.front();
  }
  const auto classes = static_cast<std::int64_t>(classes_of(graph));
  const StoredTensor* const stored = last != nullptr ? file.find(last->name) : nullptr;
  const bool same_kind = stored != nullptr && stored->shape.rank() > 0 &&
                         stored->shape.rank() == last->shape.rank() && last->shape[0] == classes;
  if (!same_kind || stored->shape[0] < 1 || stored->shape[0] > most) return classes;
  return stored->shape[0];
}

/// What a config may ask of a network by name, but not of a file.
void check_onnx_options(const ModelConfig& config) {
  const auto refuse = [&](bool asked, const char* key, const char* what) {
    if (asked) {
      throw Error(fmt::format("{}{}: an ONNX file has no {}; leave it out", place_of(config.where, key),
                              config.name, what));
    }
  };
  refuse(!config.weights.empty(), "weights", "other weights than its own");
  refuse(config.features_only, "features_only", "features_only");
  refuse(config.transform_input, "transform_input", "transform_input");
}

/// The next larger size that the network takes. Where pictures are halved again and again, and doubled
/// again, sides must be multiples of a power of two.
std::optional<Extent2d> next_fitting_size(const onnx::Model& model, const Extent2d& size) {
  const onnx::FrameSize fixed = onnx::frame_size(model);
  if (fixed.rows > 0 && fixed.columns > 0) return std::nullopt;
  Extent2d tried = size;
  for (const std::int64_t step : {8, 16, 32, 64, 128}) {
    const auto rounded = [&](std::int64_t side, std::int64_t own) {
      return own > 0 ? own : (side + step - 1) / step * step;
    };
    const Extent2d next{rounded(size.rows, fixed.rows), rounded(size.columns, fixed.columns)};
    if (next == tried) continue;
    tried = next;
    try {
      onnx::import_network(model, next.rows, next.columns);
      return next;
    } catch (const Error&) {  // for another reason, or not this size either
    }
  }
  return std::nullopt;
}

onnx::Network import_onnx_network(const ModelConfig& config) {
  const onnx::Model model = onnx::read_model(config.name);
  try {
    return onnx::import_network(model, config.rows, config.columns);
  } catch (const Error& error) {
    const auto fitting = next_fitting_size(model, {config.rows, config.columns});
    if (!fitting) throw;
    throw Error(
        fmt::format("{}, with frames of {}x{}; the next size that the network takes: frame_size = [{}, {}] "
                    "in [model], or "
                    "--size {}x{}",
                    error.what(), config.rows, config.columns, fitting->rows, fitting->columns, fitting->rows,
                    fitting->columns));
  }
}

Network load_onnx_network(const ModelConfig& config) {
  check_onnx_options(config);
  onnx::Network network = at_key(config.where, "name", [&] { return import_onnx_network(config); });
  return {.graph = with_normalization(std::move(network.graph), config),
          .weights = std::move(network.weights)};
}

std::string weights_text(const ModelConfig& config, const WeightSource& weights) {
  if (is_onnx_file(config.name)) return weights.identity().substr(0, 13);  // "onnx " and some digits
  if (has_random_weights(config)) return weights.identity();
  // "file" and the first digits of the hash: two files of one name may differ.
  const std::string digits = weights.identity().substr(5, 8);
  if (config.weights.empty()) return fmt::format("its own weights ({})", digits);
  return fmt::format("{} ({})", std::filesystem::path(config.weights).filename().string(), digits);
}

/// ", letterbox, normalize imagenet, transform_input"
std::string input_text(const ModelConfig& config, const Framing& framing) {
  std::string text = preprocessing_text(config.preprocessing, framing.fit, false);
  if (!text.empty()) text = ", " + text;
  if (config.transform_input) text += ", transform_input";
  return text;
}

std::shared_ptr<const WeightFile> weight_file(const ModelConfig& config) {
  if (!config.weights.empty()) return std::make_shared<const WeightFile>(config.weights);
  return std::make_shared<const WeightFile>(
      std::make_shared<const MappedFile>(config.name + "'s own weights", own_weights(config.name)));
}

/// Of a parameter's classes, a file may have others than 1000.
bool has_classifier(const ModelConfig& config) {
  return !config.features_only && config.name != street;
}

}  // namespace

bool is_onnx_file(const std::string& name) {
  return name.ends_with(".onnx");
}

Extent2d frame_size_of_onnx(const std::string& file) {
  const onnx::FrameSize size = onnx::frame_size(onnx::read_model(file));
  return {size.rows, size.columns};
}

std::optional<Extent2d> usual_frame_size(const std::string& name) {
  if (name == street) return street_frame;
  if (!is_onnx_file(name)) return std::nullopt;
  const Extent2d size = frame_size_of_onnx(name);
  return size.rows > 0 && size.columns > 0 ? std::optional(size) : std::nullopt;
}

bool has_random_weights(const ModelConfig& config) {
  return config.weights.empty() && !is_onnx_file(config.name) && own_weights(config.name).empty();
}

Framing framing_of(const ModelConfig& config, const Graph& graph, std::string_view decoder) {
  const Preprocessing& preprocessing = config.preprocessing;
  const bool named = decoder != "auto" && decoder != "none";
  const bool detector = named || config.name == street || detection::make_decoder("auto", graph) != nullptr;
  return {.fit = preprocessing.fit.value_or(detector ? Fit::letterbox : Fit::stretch),
          .pad = preprocessing.pad,
          .channels = preprocessing.channels};
}

Graph with_normalization(Graph graph, const ModelConfig& config) {
  const std::optional<ChannelScaleLayer> layer = normalization_layer(config.preprocessing);
  return layer ? with_layer_behind_input(graph, "normalize", *layer) : std::move(graph);
}

void use_model(ModelConfig& config, const std::string& name) {
  config.where.erase("name");
  if (config.name != name) {
    config.name = name;
    config.weights.clear();
  }
  if (!is_onnx_file(name)) return;
  const Extent2d size = frame_size_of_onnx(name);
  if (size.rows > 0) config.rows = size.rows;
  if (size.columns > 0) config.columns = size.columns;
}

ModelOptions model_options(const ModelConfig& config) {
  return {.rows = config.rows,
          .columns = config.columns,
          .features_only = config.features_only,
          .transform_input = config.transform_input,
          .fold_batch_norms = config.fold_batch_norms};
}

Network load_network(const ModelConfig& config) {
  if (is_onnx_file(config.name)) return load_onnx_network(config);
  ModelOptions options = model_options(config);
  Graph graph = at_key(config.where, "frame_size", [&] { return make_model(config.name, options); });
  if (has_random_weights(config)) {
    return {.graph = with_normalization(std::move(graph), config),
            .weights = std::make_unique<SeededWeights>(config.seed)};
  }
  const std::shared_ptr<const WeightFile> file =
      at_key(config.where, "weights", [&] { return weight_file(config); });
  if (const auto classes = classes_in(*file, graph); has_classifier(config) && classes != options.classes) {
    options.classes = classes;
    graph = make_model(config.name, options);
  }
  graph = with_normalization(std::move(graph), config);
  auto weights = at_key(config.where, "weights", [&] {
    return std::make_unique<FileWeights>(
        file, graph,
        FileWeightsOptions{.features_only = config.features_only,
                           .cache_directory = config.weights.empty() ? "" : config.cache_directory});
  });
  if (!weights->unused().empty()) {
    spdlog::warn("{}: {} has no {}: ignored", config.weights, config.name, listed(weights->unused()));
  }
  return {.graph = std::move(graph), .weights = std::move(weights)};
}

Labels load_labels(const ModelConfig& config, const Graph& graph) {
  const std::size_t classes = classes_of(graph);
  if (config.labels.empty()) {
    if (config.name == street)
      return Labels(std::vector<std::string>(scene_classes.begin(), scene_classes.end()));
    const bool trained = !config.weights.empty() || is_onnx_file(config.name);
    const bool imagenet = classes == imagenet_classes && trained;
    return imagenet ? Labels::imagenet() : Labels();
  }
  return at_key(config.where, "labels", [&] {
    Labels labels = Labels::from_file(config.labels);
    if (classes == 0) return Labels();  // features only
    if (labels.size() != classes) {
      throw Error(fmt::format("{}: {} names, but {} has {} classes; write one name per line", config.labels,
                              labels.size(), config.name, classes));
    }
    return labels;
  });
}

Model load_model(const ModelConfig& config, std::string_view decoder) {
  Network network = load_network(config);
  Labels labels = load_labels(config, network.graph);
  const Framing framing = framing_of(config, network.graph, decoder);
  std::string hash = model_hash(network.graph, *network.weights);
  std::string text = fmt::format("{}{}, {}x{}{}, {}", network.graph.name(),
                                 config.features_only ? " features" : "", config.rows, config.columns,
                                 input_text(config, framing), weights_text(config, *network.weights));
  return {.graph = std::move(network.graph),
          .weights = std::move(network.weights),
          .labels = std::move(labels),
          .framing = framing,
          .hash = std::move(hash),
          .text = std::move(text)};
}

net::Identity make_identity(const std::string& role, int index, const Model& model) {
  return {.role = role,
          .index = index,
          .instance = net::new_instance(),
          .software_version = std::string(software_version()),
          .model_hash = model.hash,
          .model = model.text,
          .isa = fmt::format("{} {}", architecture, kernels::isa_name(kernels::active_isa()))};
}

int resolve_threads(int configured) {
  return configured > 0 ? configured : kernels::available_cpus();
}

}  // namespace edge
