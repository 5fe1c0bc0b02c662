// `edge inspect`: what a network is made of, and what would cross each cut.
#include "roles/inspect/inspect_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "engine/error.h"
#include "engine/models/models.h"
#include "engine/output_file.h"
#include "roles/config/config.h"
#include "roles/config/model_values.h"
#include "roles/config/quote.h"
#include "roles/detection/detector.h"
#include "roles/detection/usual_pixels.h"
#include "roles/inspect/inspection.h"
#include "roles/inspect/inspection_json.h"
#include "roles/inspect/inspection_table.h"
#include "roles/inspect/layout.h"
#include "roles/inspect/page.h"
#include "roles/inspect/plan_source.h"
#include "roles/inspect/units.h"
#include "roles/model.h"
#include "roles/usage_error.h"

namespace edge::inspect {
namespace {

constexpr int max_threads = 1024;

void check(const InspectOptions& options) {
  if (!options.model && !options.config)
    throw UsageError("say which network: --model NAME, or --config FILE");
  if (options.plan && options.result) throw UsageError("--plan and --result: give only one of them");
  if (options.config && options.classes)
    throw UsageError("--classes: with --config the weights say how many classes there are; leave it out");
  if (options.threads < 0 || options.threads > max_threads)
    throw UsageError(fmt::format("--threads: must be 1 to {}", max_threads));
  if (options.classes && (*options.classes < 1 || *options.classes > max_classes))
    throw UsageError(fmt::format("--classes: must be 1 to {}", max_classes));
}

ModelConfig model_config(const InspectOptions& options, const std::optional<Config>& config) {
  ModelConfig model = config ? config->model : ModelConfig{.rows = 224, .columns = 224};
  if (options.model) use_model(model, *options.model);
  if (const auto size = usual_frame_size(model.name); !config && size) {
    model.rows = size->rows;
    model.columns = size->columns;
  }
  if (options.size) {
    const Extent2d size = of_option([&] { return parse_frame_size(*options.size, "--size"); });
    model.rows = size.rows;
    model.columns = size.columns;
  }
  of_option([&] { apply(options.preprocessing, model.preprocessing); });
  if (options.transform_input) model.transform_input = true;
  if (options.features_only) model.features_only = true;
  return model;
}

Graph graph_of(const InspectOptions& options, const ModelConfig& model) {
  if (options.classes && !has_random_weights(ModelConfig{.name = model.name})) {
    throw Error(fmt::format("--classes: {} has as many as it has; leave it out",
                            is_onnx_file(model.name) ? "an ONNX file" : model.name));
  }
  if (!options.classes) return load_network(model).graph;
  ModelOptions graph = model_options(model);
  graph.classes = *options.classes;
  return with_normalization(make_model(model.name, graph), model);
}

std::optional<ShownPlan> shown_plan(const InspectOptions& options, const std::optional<Config>& config,
                                    const Graph& graph) {
  const PlanContext context{.layers = graph.size(),
                            .workers = config ? static_cast<int>(config->workers.size()) : 0};
  if (options.plan) return of_option([&] { return plan_of_text(*options.plan, context); });
  if (options.result) return plan_of_result(*options.result, context);
  return config ? plan_of_config(*config, context) : std::nullopt;
}

/// Of a network that is not the config's, [detection] says nothing.
std::optional<detection::Detector> detector_of(const InspectOptions& options,
                                               const std::optional<Config>& config, const Graph& graph,
                                               const ModelConfig& model) {
  const bool of_config = config && (!options.model || *options.model == config->model.name);
  return detection::make_detector(of_config ? config->detection : DetectionConfig{}, graph, model);
}

std::optional<FoundObjects> objects_of(const std::optional<detection::Detector>& detector) {
  if (!detector) return std::nullopt;
  FoundObjects objects{.decoder = std::string(detector->decoder->name()),
                       .classes = detector->decoder->classes(),
                       .threshold = detector->wanted.threshold,
                       .nms = detector->wanted.overlap,
                       .text = detector_text(*detector)};
  for (std::size_t i = 0; i < detector->labels.size(); ++i)
    objects.names.emplace_back(detector->labels.name(i));
  return objects;
}

/// Returns the line that says so.
std::string write_page(const Inspection& inspection, OutputFile& file) {
  const std::string page =
      inspection_page(inspection, lay_out(inspection.graph, workers_of_layers(inspection)));
  file.write(page);
  return fmt::format("wrote {} ({}, {})\n", printable(file.name(), 200), inspection.title,
                     byte_text(static_cast<std::int64_t>(page.size())));
}

std::optional<OutputFile> page_file(const InspectOptions& options) {
  if (!options.html) return std::nullopt;
  try {
    return OutputFile(options.html->string());
  } catch (const Error& error) {
    throw Error(fmt::format("--html {}", error.what()));
  }
}

}  // namespace

InspectAnswer answer_inspect(const InspectOptions& options) {
  check(options);
  std::optional<OutputFile> page = page_file(options);
  std::optional<Config> config;
  if (options.config) config = load_config(*options.config);
  const ModelConfig model = model_config(options, config);
  Graph graph = graph_of(options, model);
  const Fit fit = framing_of(model, graph, config ? config->detection.decoder : "auto").fit;
  const std::optional<detection::Detector> detector = detector_of(options, config, graph, model);
  if (detector) {
    if (const std::string words = unusual_pixels(*detector->decoder, graph, model.preprocessing, fit);
        !words.empty()) {
      spdlog::warn("{}", words);
    }
  }
  std::optional<ShownPlan> plan = shown_plan(options, config, graph);
  std::optional<Measurement> measured;
  if (options.measure) measured = measure_network(graph, resolve_threads(options.threads));
  Inspection inspection =
      inspect_network(std::move(graph), model.features_only, std::move(plan), std::move(measured));
  inspection.pixels = preprocessing_text(model.preprocessing, fit, true);
  inspection.objects = objects_of(detector);

  InspectAnswer answer;
  if (page) answer.notes = write_page(inspection, *page);
  if (options.json) {
    answer.output =
        inspection_json(inspection).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
        "\n";
  } else if (options.html) {
    answer.output = std::exchange(answer.notes, "") + summary_text(inspection);
  } else {
    answer.output = layer_table(inspection) + summary_text(inspection);
  }
  return answer;
}

}  // namespace edge::inspect
