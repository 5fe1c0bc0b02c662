#include "roles/infer/infer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/executor.h"
#include "engine/network_outputs.h"
#include "kernels/cpu.h"
#include "roles/detection/detector.h"
#include "roles/detection/usual_pixels.h"
#include "roles/drawing/object_pictures.h"
#include "roles/infer/dump.h"
#include "roles/infer/frame_line.h"
#include "roles/infer/input.h"
#include "roles/infer/process.h"
#include "roles/infer/tensor_files.h"
#include "roles/keep_memory.h"
#include "roles/model.h"
#include "roles/report/log_sink.h"
#include "roles/standard_output.h"
#include "roles/usage_error.h"
#include "roles/video/framing.h"
#include "roles/video/source_name.h"

namespace edge::infer {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void check(const Options& options) {
  if (options.keep_bytes > 0 && options.repeat > 1) {
    throw UsageError("--keep: of a frame that is repeated nothing is computed again; leave --repeat out");
  }
  const bool one_frame = options.frames == 1;
  if (one_frame || (options.output.empty() && options.dump.empty())) return;
  throw UsageError(
      fmt::format("{} takes one frame: leave --frames out", options.output.empty() ? "--dump" : "--output"));
}

LayerRange checked_range(const Options& options, const Graph& graph) {
  const LayerIndex last = graph.size() - 1;
  const LayerRange range = options.layers.value_or(LayerRange{1, last});
  if (range.second <= last) return range;
  throw UsageError(fmt::format("--layers: {}-{}, but {}{} has layers 1-{}", range.first, range.second,
                               graph.name(), options.model.features_only ? " without its classifier" : "",
                               last));
}

void warn_of_random_weights(const ModelConfig& model) {
  if (!has_random_weights(model)) return;
  spdlog::warn("no --weights: {} has random ones (seed {}), its results mean nothing", model.name,
               model.seed);
}

/// A frame in a file has been made by somebody who knows.
void warn_of_unusual_pixels(const detection::Detector& detector, const Graph& graph, const ModelConfig& model,
                            const Framing& framing) {
  const std::string words = unusual_pixels(*detector.decoder, graph, model.preprocessing, framing.fit);
  if (!words.empty()) spdlog::warn("{}; see docs/onnx.md, and the options of these names", words);
}

/// Runs the same layers again and again, and takes the time.
class Stopwatch {
 public:
  Stopwatch(Executor& executor, const LayerRange& range) : executor_(&executor), range_(range) {}

  /// Of several runs of the first frame, the very first is not counted: it touches its memory for the first
  /// time.
  TensorMap run(const TensorMap& given, int repeat, FrameTimes& times) {
    TensorMap outputs;
    times.runs_ms.clear();
    if (times.first_ms == 0) {
      outputs = run_once(given, times);
      times.first_ms = 1e3 * seconds_since_start();
      if (repeat == 1) return outputs;
      times.runs_ms.clear();
    }
    for (int i = 0; i < repeat; ++i) outputs = run_once(given, times);
    return outputs;
  }

 private:
  TensorMap run_once(const TensorMap& given, FrameTimes& times) {
    const auto start = std::chrono::steady_clock::now();
    TensorMap outputs = executor_->run_range(range_.first, range_.second + 1, given);
    times.runs_ms.push_back(milliseconds_since(start));
    return outputs;
  }

  Executor* executor_;
  LayerRange range_;
};

/// Of frames that do not say: what the network is made for.
Extent2d size_of_frames(const Options& options, bool from_frames) {
  return frame_size(options.input, from_frames, options.size,
                    usual_frame_size(options.model.name).value_or(Extent2d{224, 224}));
}

bool wants_objects(const Options& options) {
  const DetectionConfig& wanted = options.detection;
  return wanted.threshold || wanted.nms || !wanted.classes.empty() || !options.draw.empty() ||
         (wanted.decoder != "auto" && wanted.decoder != "none");
}

/// Nothing if the network's outputs are no detector's, or are not computed.
std::optional<detection::Detector> make_detector(const Options& options, const Graph& graph,
                                                 const LayerRange& range) {
  const bool whole = range.second == graph.size() - 1;
  const bool detector = whole && detection::make_decoder(options.detection.decoder, graph) != nullptr;
  if (detector && !options.draw.empty() && range.first != 1) {
    throw UsageError("--draw: needs pictures; leave --layers out");
  }
  if (detector || (whole && !wants_objects(options))) {
    return detection::make_detector(options.detection, graph, options.model);
  }
  if (!wants_objects(options)) return std::nullopt;  // of some layers only
  if (!whole) throw UsageError("--layers: objects come from the network's outputs, behind its last layer");
  throw Error(fmt::format(
      "no decoder makes objects of the outputs of {} ({}); name one with --decoder, or leave --threshold, "
      "--nms, --classes and --draw out",
      graph.name(), detection::outputs_text(graph)));
}

void run_frames(const Options& options) {
  check(options);
  std::optional<TensorOutput> output;
  if (!options.output.empty()) output.emplace(options.output);
  if (!options.dump.empty()) check_output_directory(options.dump);
  if (!options.draw.empty()) drawing::check_pictures(options.draw);
  const bool from_frames = !options.layers || options.layers->first == 1;
  ModelConfig model = options.model;
  const Extent2d size = size_of_frames(options, from_frames);
  model.rows = size.rows;
  model.columns = size.columns;

  auto start = std::chrono::steady_clock::now();
  const Network network = load_network(model);
  const Graph& graph = network.graph;
  const LayerRange range = checked_range(options, graph);
  const std::optional<detection::Detector> detector = make_detector(options, graph, range);
  const Labels labels = detector ? detector->labels : load_labels(model, graph);
  FrameTimes times;
  times.load_ms = milliseconds_since(start);
  warn_of_random_weights(model);

  const Framing framing = framing_of(model, graph, options.detection.decoder);
  if (detector && from_frames && !options.input.ends_with(".npy")) {
    warn_of_unusual_pixels(*detector, graph, model, framing);
  }
  const std::unique_ptr<Input> input = from_frames ? open_frames(options.input, size, framing, options.hold)
                                                   : open_boundary(options.input, graph, range.first);
  std::optional<TensorMap> given = input->next();
  if (!given) throw Error(source_name(options.input) + ": has no frames");

  start = std::chrono::steady_clock::now();
  Executor executor(graph, *network.weights,
                    {.threads = resolve_threads(options.threads),
                     .keep_bytes = static_cast<std::size_t>(options.keep_bytes)});
  if (options.keeps_automatically) spdlog::info("{}", automatic_keep_text(options.keep_bytes));
  std::vector<LayerIndex> layers(static_cast<std::size_t>(range.second - range.first + 1));
  std::iota(layers.begin(), layers.end(), range.first);
  executor.prepare(layers);
  times.load_ms += milliseconds_since(start);

  std::optional<drawing::ObjectPictures> pictures;
  if (!options.draw.empty()) pictures.emplace(options.draw, options.input, framing, labels);
  const bool for_people = is_live_terminal(STDOUT_FILENO);  // lines are for programs
  Stopwatch stopwatch(executor, range);
  for (std::uint64_t frame = 0; given; ++frame) {
    const TensorMap outputs = stopwatch.run(*given, options.repeat, times);
    const Placement placement = input->placement().picture.rows > 0 ? input->placement() : whole_frame(size);
    std::vector<detection::Detection> objects;
    if (detector) {
      objects =
          find_objects(*detector->decoder, outputs_in_order(graph, outputs), detector->wanted, placement);
    }
    const FrameLine line{.frame = frame,
                         .graph = graph,
                         .layers = range,
                         .executor = executor,
                         .times = times,
                         .peak_memory = peak_memory(),
                         .outputs = outputs,
                         .top = options.top,
                         .labels = labels,
                         .keeps = options.keep_bytes > 0,
                         .objects = detector ? &objects : nullptr};
    const std::string text = for_people ? frame_text(line) : frame_line(line) + "\n";
    if (output) output->write(graph, outputs);
    if (!options.dump.empty()) dump_layers(executor, graph, range, *given, options.dump);
    if (pictures) pictures->write(frame, given->at(0), placement, objects);
    write_standard_output(text);
    given = options.frames == 0 || frame + 1 < options.frames ? input->next() : std::nullopt;
  }
}

}  // namespace

void run(const Options& options) {
  try {
    run_frames(options);
  } catch (const std::bad_alloc&) {
    throw Error(options.model.name + ": not enough memory; use smaller frames or fewer layers");
  }
}

}  // namespace edge::infer
