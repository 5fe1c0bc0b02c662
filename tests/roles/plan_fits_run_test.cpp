// `edge plan` says of a run's own costs what the run took, also where workers computed only what changed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/models/models.h"
#include "roles/plan/costs_file.h"
#include "roles/plan/plan_command.h"
#include "roles/scheduling/plan_json.h"
#include "tests/roles/planned_chain.h"

namespace edge::test {
namespace {

/// Seconds per frame that `edge plan --costs FILE --scheduler fixed --plan PLAN --simulate 60` says.
double planned_frame_s(const std::string& costs, const scheduling::Plan& plan, std::size_t pending,
                       const std::string& name) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / fmt::format("edge-{}.json", name);
  std::ofstream(file) << costs;
  std::string ranges;
  for (const scheduling::LayerRange& range : scheduling::ranges_of(plan)) {
    ranges += fmt::format("{}{}", ranges.empty() ? "" : ", ",
                          range ? fmt::format("[{}, {}]", range->first, range->second) : "[]");
  }
  constexpr std::size_t frames = 60;
  const plan::PlanAnswer answer = plan::answer_plan({.costs = file,
                                                     .scheduler = "fixed",
                                                     .plan = fmt::format("[{}]", ranges),
                                                     .simulated_frames = frames,
                                                     .pending = pending});
  std::filesystem::remove(file);
  return nlohmann::json::parse(answer.json).at("simulation").at("duration_s").get<double>() / frames;
}

class PlanFitsRun : public ::testing::TestWithParam<std::tuple<std::string, std::size_t, bool>> {};

TEST_P(PlanFitsRun, WithinTenPercent) {
  const auto& [network, pending, keep] = GetParam();
  PlannedCase one{.network = network, .network_s = network == "vgg16" ? 1.3 : 0.1, .pending = pending};
  one.bytes_per_s = {10e6, 10e6};
  one.keep = keep;
  one.rate = [](std::uint64_t frame) { return frame % 8 == 0 ? 0.15 : 0.1; };
  const PlannedRun run = run_planned(one, "data_aware");
  ASSERT_TRUE(run.costs);
  const Graph graph = make_model(network, {.rows = 480, .columns = 720, .features_only = true});
  const double planned_s = planned_frame_s(plan::costs_text(*run.costs, graph), run.plans.back(), pending,
                                           fmt::format("{}-{}-{}", network, pending, keep));
  EXPECT_NEAR(planned_s / run.per_frame(100, 200), 1, 0.1) << scheduling::to_string(run.plans.back());
  if (!keep) return;
  scheduling::Costs in_full = *run.costs;
  in_full.dirty_share.clear();
  EXPECT_GT(planned_frame_s(plan::costs_text(in_full, graph), run.plans.back(), pending,
                            fmt::format("{}-{}-full", network, pending)),
            1.5 * planned_s)
      << "what it would be if all were computed";
}

INSTANTIATE_TEST_SUITE_P(NetworksAndChains, PlanFitsRun,
                         ::testing::Combine(::testing::Values("alexnet", "vgg16"),
                                            ::testing::Values(std::size_t{1}, std::size_t{3}),
                                            ::testing::Bool()),
                         [](const auto& info) {
                           return fmt::format("{}_{}_in_flight_{}", std::get<0>(info.param),
                                              std::get<1>(info.param),
                                              std::get<2>(info.param) ? "keep" : "dense");
                         });

}  // namespace
}  // namespace edge::test
