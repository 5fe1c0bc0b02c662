// edge plan
#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/commands/model_option.h"
#include "roles/commands/preprocessing_options.h"
#include "roles/commands/role_options.h"
#include "roles/config/model_values.h"
#include "roles/model.h"
#include "roles/plan/plan_command.h"
#include "roles/standard_output.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

/// Options that say something of a network that is measured here.
std::vector<std::string_view> network_options() {
  std::vector<std::string_view> names{"size", "workers", "threads"};
  for (const Option& option : preprocessing_options()) names.push_back(option.name);
  return names;
}

std::optional<edge::plan::PlannedNetwork> planned_network(const Arguments& arguments) {
  const std::optional<std::string> file = arguments.text("config"), model = arguments.text("model");
  if (!file && !model) {
    for (const std::string_view option : network_options()) {
      if (arguments.has(option)) throw UsageError(fmt::format("--{} goes with --model or --config", option));
    }
    return std::nullopt;
  }
  edge::plan::PlannedNetwork network;
  if (file) {
    const Config config = load_config(*file);
    network.model = config.model;
    network.threads = config.threads;
    network.workers = static_cast<int>(config.workers.size());
    for (const WorkerConfig& worker : config.workers)
      network.bandwidth.push_back(worker.bandwidth_bytes_per_s);
  }
  if (model) use_model(network.model, checked_model(*model));
  if (const auto text = arguments.text("size")) {
    const Extent2d size = of_option([&] { return parse_frame_size(*text, "--size"); });
    network.model.rows = size.rows;
    network.model.columns = size.columns;
  }
  of_option([&] { apply(preprocessing_texts(arguments), network.model.preprocessing); });
  network.workers =
      static_cast<int>(arguments.number("workers", network.workers, 1, edge::plan::max_planned_workers));
  network.threads = static_cast<int>(arguments.number("threads", 1, 1024).value_or(network.threads));
  return network;
}

int run_plan(const Arguments& arguments) {
  set_up_log("plan", "info");
  const edge::plan::PlanAnswer answer = edge::plan::answer_plan(
      {.costs = arguments.text("costs"),
       .network = planned_network(arguments),
       .scheduler = arguments.text("scheduler", "data_aware"),
       .side = arguments.text("side", "edge"),
       .plan = arguments.text("plan"),
       .faster = arguments.list("faster"),
       .links = arguments.list("link"),
       .explain = arguments.has("explain"),
       .simulated_frames =
           static_cast<std::size_t>(arguments.number("simulate", 0, 0, edge::plan::max_simulated_frames)),
       .pending = static_cast<std::size_t>(arguments.number("pending", 3, 1, edge::plan::max_pending))});
  write_standard_output(answer.json);
  fmt::print(stderr, "{}", answer.explanation);
  return 0;
}

}  // namespace

Command plan_command() {
  return {.name = "plan",
          .operands = "",
          .summary = "what if? Costs of devices and links in, plan out (JSON)",
          .details = "docs/scheduling.md",
          .options = joined(
              {{.name = "costs", .value = "FILE", .help = "what a chain has measured"},
               {.name = "model",
                .value = "NAME",
                .help = "without a chain: this network or FILE.onnx, measured here"},
               {.name = "config",
                .value = "FILE",
                .help = "without a chain: the network of this configuration, its frame size, as many "
                        "workers, with their bandwidth",
                .letter = 'c'},
               {.name = "size",
                .value = "ROWSxCOLUMNS",
                .help = "of its frames; default: the config's, as the network wants it, or 480x720"},
               {.name = "workers",
                .value = "N",
                .help = "so many devices like this one; default: the config's, or 2"},
               {.name = "threads", .value = "N", .help = "of each; all cores"},
               {.name = "scheduler", .value = "NAME", .help = "who plans (data_aware)"},
               {.name = "side", .value = "SIDE", .help = "one_side: edge or cloud (edge)"},
               {.name = "plan", .value = "PLAN", .help = "fixed: [[first, last], ..], one per worker"},
               {.name = "faster", .value = "1=2x", .help = "what if worker 1 were twice as fast?"},
               {.name = "link",
                .value = "0=12.5e6",
                .help = "what if the link into worker 0 had so many bytes/s?"},
               {.name = "explain",
                .value = "",
                .help = "tell on stderr what each worker does, and why the runner-up lost"},
               {.name = "simulate", .value = "N", .help = "run so many frames by the plan: fps and latency"},
               {.name = "pending", .value = "N", .help = "simulate: frames in flight (3)"}},
              preprocessing_options()),
          .examples =
              {{"edge plan --costs costs.json --explain", "the best plan, and why"},
               {"edge plan --costs costs.json --scheduler fixed --plan '[[1, 6], [7, 22]]' --simulate 100",
                "how fast would this one be?"},
               {"edge plan --model nanodet.onnx --workers 3 --faster 0=0.2x --explain",
                "no chain yet: three devices, the first with a fifth of this machine's speed"}},
          .exit_statuses = {},
          .run = run_plan};
}

}  // namespace edge::commands
