// `edge inspect`: what a network is made of, and what would cross each cut.
#include "roles/inspect/inspect_command.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "engine/error.h"
#include "engine/models/models.h"
#include "roles/atomic_file.h"
#include "roles/config/config.h"
#include "roles/config/model_values.h"
#include "roles/config/quote.h"
#include "roles/inspect/inspection.h"
#include "roles/inspect/inspection_json.h"
#include "roles/inspect/inspection_table.h"
#include "roles/inspect/layout.h"
#include "roles/inspect/page.h"
#include "roles/inspect/plan_source.h"
#include "roles/inspect/units.h"
#include "roles/model.h"

namespace edge::inspect {
namespace {

constexpr std::int64_t max_classes = 1'000'000;
constexpr int max_threads = 1024;

void check(const InspectOptions& options) {
  if (!options.model && !options.config) throw Error("say which network: --model NAME, or --config FILE");
  if (options.plan && options.result) throw Error("--plan and --result: give only one of them");
  if (options.config && options.classes)
    throw Error("--classes: with --config the weights say how many classes there are; leave it out");
  if (options.threads < 0 || options.threads > max_threads)
    throw Error(fmt::format("--threads: must be 1 to {}", max_threads));
  if (options.classes && (*options.classes < 1 || *options.classes > max_classes))
    throw Error(fmt::format("--classes: must be 1 to {}", max_classes));
}

ModelConfig model_config(const InspectOptions& options, const std::optional<Config>& config) {
  ModelConfig model = config ? config->model : ModelConfig{.rows = 224, .columns = 224};
  if (options.model && *options.model != model.name) {
    model.name = *options.model;
    model.weights.clear();  // those of another network
  }
  if (options.size) {
    const Extent2d size = parse_frame_size(*options.size, "--size");
    model.rows = size.rows;
    model.columns = size.columns;
  }
  if (options.normalize) model.normalize = parse_normalization(*options.normalize, "--normalize");
  if (options.transform_input) model.transform_input = true;
  if (options.features_only) model.features_only = true;
  return model;
}

Graph graph_of(const InspectOptions& options, const ModelConfig& model) {
  if (!options.classes) return load_network(model).graph;
  ModelOptions graph = model_options(model);
  graph.classes = *options.classes;
  return make_model(model.name, graph);
}

std::optional<ShownPlan> shown_plan(const InspectOptions& options, const std::optional<Config>& config,
                                    const Graph& graph) {
  const PlanContext context{.layers = graph.size(),
                            .workers = config ? static_cast<int>(config->workers.size()) : 0};
  if (options.plan) return plan_of_text(*options.plan, context);
  if (options.result) return plan_of_result(*options.result, context);
  return config ? plan_of_config(*config, context) : std::nullopt;
}

/// Returns the line that says so.
std::string write_page(const Inspection& inspection, const std::filesystem::path& file) {
  if (file.empty()) throw Error("--html: the file's name is empty");
  const std::string page =
      inspection_page(inspection, lay_out(inspection.graph, workers_of_layers(inspection)));
  const std::string problem = write_file_atomically(file, std::as_bytes(std::span(page)));
  if (!problem.empty()) throw Error("--html " + problem);
  return fmt::format("wrote {} ({}, {})\n", printable(file.string(), 200), inspection.title,
                     byte_text(static_cast<std::int64_t>(page.size())));
}

}  // namespace

InspectAnswer answer_inspect(const InspectOptions& options) {
  check(options);
  std::optional<Config> config;
  if (options.config) config = load_config(*options.config);
  const ModelConfig model = model_config(options, config);
  Graph graph = graph_of(options, model);
  std::optional<ShownPlan> plan = shown_plan(options, config, graph);
  std::optional<Measurement> measured;
  if (options.measure) measured = measure_network(graph, resolve_threads(options.threads));
  const Inspection inspection =
      inspect_network(std::move(graph), model.features_only, std::move(plan), std::move(measured));

  InspectAnswer answer;
  if (options.html) answer.notes = write_page(inspection, *options.html);
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
