// `edge plan`: what if? Costs in, plan out.
#include "roles/plan/plan_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "roles/config/known_keys.h"
#include "roles/config/quote.h"
#include "roles/plan/costs_file.h"
#include "roles/plan/explain.h"
#include "roles/plan/json_input.h"
#include "roles/plan/what_if.h"
#include "roles/scheduling/optimum.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/plan_json.h"
#include "roles/scheduling/scheduler.h"
#include "roles/usage_error.h"

namespace edge::plan {
namespace {

using namespace scheduling;
using OrderedJson = nlohmann::ordered_json;

OrderedJson plan_json(const Plan& plan) {
  OrderedJson workers = OrderedJson::array();
  for (const LayerRange& range : ranges_of(plan)) {
    workers.push_back(range ? OrderedJson{range->first, range->second} : OrderedJson::array());
  }
  return workers;
}

OrderedJson simulation_json(const Costs& costs, const Plan& plan, const PlanOptions& options) {
  const Simulation simulation = simulate(costs, plan, options.simulated_frames, options.pending);
  const std::size_t frames = options.simulated_frames;
  std::vector<double> latency(frames);
  std::transform(simulation.finished.begin(), simulation.finished.end(), simulation.started.begin(),
                 latency.begin(), [](double finished, double started) { return finished - started; });
  const double duration = simulation.finished.back() - simulation.started.front();
  OrderedJson json{
      {"frames", frames},
      {"pending", options.pending},
      {"duration_s", duration},
      {"fps", nullptr},
      {"latency_s",
       {{"mean", std::accumulate(latency.begin(), latency.end(), 0.0) / static_cast<double>(frames)},
        {"min", *std::min_element(latency.begin(), latency.end())},
        {"max", *std::max_element(latency.begin(), latency.end())}}}};
  if (duration > 0) json["fps"] = static_cast<double>(frames) / duration;
  return json;
}

void check(const PlanOptions& options) {
  if (options.costs.has_value() == options.network.has_value()) {
    throw UsageError(
        "give --costs FILE, what a chain has measured (docs/scheduling.md), or a network, --model NAME or "
        "--config FILE: one of the two");
  }
  if (options.simulated_frames > max_simulated_frames) {
    throw UsageError(fmt::format("--simulate: at most {} frames", max_simulated_frames));
  }
  if (options.pending < 1 || options.pending > max_pending) {
    throw UsageError(fmt::format("--pending: must be 1 to {}", max_pending));
  }
  const std::vector<std::string> names = scheduler_names();
  if (std::find(names.begin(), names.end(), options.scheduler) == names.end()) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = nearest_name(options.scheduler, views);
    throw UsageError(fmt::format("--scheduler: unknown scheduler {}; {}", in_quotes(options.scheduler),
                                 near.empty() ? fmt::format("known: {}", fmt::join(names, ", "))
                                              : fmt::format("did you mean {}?", near)));
  }
  if (options.side != "edge" && options.side != "cloud") {
    throw UsageError(fmt::format("--side: must be edge or cloud, not {}", in_quotes(options.side)));
  }
  if (options.plan.has_value() != (options.scheduler == "fixed")) {
    throw UsageError("--plan and --scheduler fixed go together: give both or neither");
  }
}

}  // namespace

PlanAnswer answer_plan(const PlanOptions& options) {
  check(options);
  Costs costs = options.costs ? load_costs(*options.costs) : costs_of_network(*options.network);
  of_option([&] {
    for (const std::string& change : options.faster) make_faster(costs, change);
    for (const std::string& change : options.links) set_link(costs, change);
  });
  const PipelineModel model(costs);
  Plan plan;
  bool exact = true;
  if (options.scheduler == "data_aware") {
    const Optimum optimum = find_optimum(model);
    plan = optimum.plan;
    exact = optimum.exact;
  } else if (options.plan) {
    plan = of_option([&] { return plan_of_option(*options.plan, costs.layers(), costs.workers()); });
  } else {
    plan = make_scheduler(options.scheduler, {.side = options.side})->plan(costs, 0);
  }
  const StageTable cost = expected_stage_costs(model, plan);
  const StageTable finish = pipeline_finish(cost, costs.stage_ready);
  OrderedJson json{{"plan", plan_json(plan)},
                   {"finish_s", finish.back().back()},
                   {"scheduler", options.scheduler},
                   {"stages", finish},
                   {"stage_cost", cost}};
  if (!exact) json["exact"] = false;
  if (options.simulated_frames > 0) json["simulation"] = simulation_json(costs, plan, options);
  return {.json = json.dump() + "\n",
          .explanation = options.explain ? explain(costs, plan, options.scheduler) : ""};
}

}  // namespace edge::plan
