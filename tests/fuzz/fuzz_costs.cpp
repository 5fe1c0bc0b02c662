// Any text as a costs file: refused with one printable line of bounded length, or planned by every scheduler.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/error.h"
#include "roles/plan/costs_file.h"
#include "roles/scheduling/optimum.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/scheduler.h"

namespace {

using namespace edge;
using namespace edge::scheduling;

void plan_all(const Costs& costs) {
  const PipelineModel model(costs);
  const Optimum optimum = find_optimum(model, {.max_steps = 20'000});
  if (!std::isfinite(optimum.finish_s) || optimum.finish_s < 0) std::abort();
  for (const char* name : {"load_balance", "neighborhood_search", "one_side"}) {
    const Plan plan = make_scheduler(name, {})->plan(costs, 0);
    plan_from_ranges(ranges_of(plan), model.layers(), model.workers(), name);
    if (optimum.exact && model.finish(plan) < optimum.finish_s * (1 - 1e-9)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find("profiles") != text.npos) return 0;  // would open files
  try {
    const Costs costs = plan::parse_costs(text, "costs.json");
    if (costs.layer_cost.size() * costs.capacity.size() * costs.frames() < 2000) plan_all(costs);
  } catch (const Error& error) {
    const std::string_view message = error.what();
    if (message.empty() || message.size() > 1000 || message.find('\n') != message.npos) std::abort();
  }
  return 0;
}
