// data_aware against the other schedulers, over 200 frames of a simulated chain whose devices and links are
// noisy, whose profiles are wrong and whose predicted bytes are off (planned_chain.h).
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "roles/scheduling/plan.h"
#include "tests/roles/planned_chain.h"

namespace edge::test {
namespace {

struct Network {
  std::string name;
  double seconds;
};

/// One of three chains.
PlannedCase planned_case(const Network& network, const std::string& name, std::size_t pending, int chain,
                         std::uint64_t seed) {
  PlannedCase one{.network = network.name, .network_s = network.seconds, .pending = pending, .seed = seed};
  one.rate = scene(name, seed);
  if (chain == 1) one.speeds = {1, 1.6, 2.5};
  if (chain == 2) one.speeds = {0.5, 2};
  one.bytes_per_s.assign(one.speeds.size(), chain == 2 ? 10e6 : 3e6);
  return one;
}

class DataAwareLoses : public ::testing::TestWithParam<std::tuple<Network, std::string>> {};

/// Before groups were judged by what they took, it lost up to 136 %, to 24 changes of plan in 67 groups.
TEST_P(DataAwareLoses, ThreePercentAtMost) {
  const auto& [network, name] = GetParam();
  for (const std::size_t pending : {std::size_t{1}, std::size_t{3}}) {
    for (const int chain : {0, 1, 2}) {
      const PlannedCase one = planned_case(network, name, pending, chain, 1);
      const PlannedRun own = run_planned(one, "data_aware");
      for (const char* other : {"load_balance", "neighborhood_search", "one_side:edge", "one_side:cloud"}) {
        const PlannedRun run = run_planned(one, other);
        EXPECT_LT(own.seconds(), 1.03 * run.seconds()) << network.name << ", " << name << ", " << pending
                                                       << " in flight, chain " << chain << ": " << other;
      }
      EXPECT_LE(own.changes(), 6U) << network.name << ", " << name << ", chain " << chain;
      EXPECT_LT(own.summary.median_prediction_error.value_or(1), 0.1) << network.name << ", " << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(NetworksAndScenes, DataAwareLoses,
                         ::testing::Combine(::testing::Values(Network{"alexnet", 0.1}, Network{"vgg16", 1.3}),
                                            ::testing::Values("noisy", "walker", "quiet", "street")),
                         [](const auto& info) {
                           return std::get<0>(info.param).name + "_" + std::get<1>(info.param);
                         });

/// The table of docs/scheduling.md: EDGE_TEST_SEEDS="1 2 3".
TEST(DataAware, SeedsOfOnesOwn) {
  const char* const seeds = std::getenv("EDGE_TEST_SEEDS");
  if (seeds == nullptr) GTEST_SKIP() << "set EDGE_TEST_SEEDS to some seeds, for example \"4 5 6\"";
  spdlog::set_level(spdlog::level::warn);
  std::istringstream list(seeds);
  for (std::uint64_t seed = 0; list >> seed;) {
    for (const bool keep : {false, true}) {
      std::vector<double> losses, errors;
      double changes = 0;
      for (const Network& network : {Network{"alexnet", 0.1}, Network{"vgg16", 1.3},
                                     Network{"resnet18", 0.25}, Network{"mobilenet_v2", 0.15}}) {
        for (const char* name : {"noisy", "walker", "quiet", "street"}) {
          for (const std::size_t pending : {std::size_t{1}, std::size_t{3}}) {
            for (const int chain : {0, 1, 2}) {
              PlannedCase one = planned_case(network, name, pending, chain, seed);
              one.keep = keep;
              const PlannedRun own = run_planned(one, "data_aware");
              double best = INFINITY;
              std::string best_name;
              for (const char* other :
                   {"load_balance", "neighborhood_search", "one_side:edge", "one_side:cloud"}) {
                const PlannedRun run = run_planned(one, other);
                if (run.seconds() >= best) continue;
                best = run.seconds();
                best_name = fmt::format("{}, {}", other, scheduling::to_string(run.plans.back()));
              }
              losses.push_back(own.seconds() / best - 1);
              errors.push_back(own.summary.median_prediction_error.value_or(1));
              changes += static_cast<double>(own.changes());
              if (losses.back() < 0.03) continue;
              fmt::print(
                  "  {:+.1f} % {}, {}, {} in flight, chain {}: {}; {} changes, error {:.1f} %, at last {}\n",
                  100 * losses.back(), network.name, name, pending, chain, best_name, own.changes(),
                  100 * errors.back(), scheduling::to_string(own.plans.back()));
            }
          }
        }
      }
      std::sort(errors.begin(), errors.end());
      const auto lost = std::count_if(losses.begin(), losses.end(), [](double loss) { return loss > 0.03; });
      fmt::print(
          "| seed {}{} | {} | {} | {:.1f} % | {:.1f} | {:.1f} % | {:.1f} % |\n", seed, keep ? ", keep" : "",
          losses.size(), lost, 100 * *std::max_element(losses.begin(), losses.end()),
          changes / static_cast<double>(losses.size()), 100 * errors[errors.size() / 2], 100 * errors.back());
    }
  }
}

/// Nothing changes, all is noisy: so does the plan not change.
TEST(DataAware, StaysWhereNothingChanges) {
  std::uint64_t changes = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    PlannedCase one{.network = "alexnet", .network_s = 0.1, .seed = seed};
    one.rate = scene("noisy", seed);
    changes += run_planned(one, "data_aware").changes();
  }
  EXPECT_LE(changes, 9U) << "in six runs of 67 groups";
}

/// The first worker becomes three times slower at frame 90: half of the work is not done there any more a few
/// groups later.
TEST(DataAware, FollowsADevice) {
  PlannedCase one{.network = "vgg16", .network_s = 1.3, .bytes_per_s = {10e6, 10e6}};
  one.rate = scene("noisy", 1);
  one.speed_change = [](std::uint64_t frame, std::size_t worker) {
    return frame >= 90 && worker == 0 ? 1.0 / 3 : 1.0;
  };
  const PlannedRun run = run_planned(one, "data_aware");
  EXPECT_LT(run.plans[36].end(0), run.plans[29].end(0)) << scheduling::to_string(run.plans[36]);
  EXPECT_LT(run.seconds(), run_planned(one, "load_balance").seconds());
}

/// The link between the workers becomes ten times slower at frame 90, and fast again at frame 150.
TEST(DataAware, FollowsALink) {
  PlannedCase one{.network = "vgg16", .network_s = 1.3, .bytes_per_s = {10e6, 10e6}};
  one.rate = scene("noisy", 1);
  one.link_change = [](std::uint64_t frame, std::size_t link) {
    return frame >= 90 && link == 1 ? 0.1 : 1.0;
  };
  const PlannedRun run = run_planned(one, "data_aware");
  EXPECT_NE(run.plans[36], run.plans[29]);
  EXPECT_LT(run.per_frame(120, 200), 1.1 * run_planned(one, "one_side:edge").per_frame(120, 200));
}

/// A device is slow while a plan that uses it is tried; what was learnt then must not count for ever.
TEST(DataAware, ComesBackAfterABusyStretch) {
  PlannedCase one{.network = "vgg16", .network_s = 1.3, .bytes_per_s = {40e6, 40e6}, .frames = 900};
  one.rate = [](std::uint64_t) { return 0.1; };
  one.speed_change = [](std::uint64_t frame, std::size_t worker) {
    return worker == 1 && frame >= 60 && frame < 120 ? 0.15 : 1.0;
  };
  const PlannedRun run = run_planned(one, "data_aware");
  EXPECT_GT(run.plans[38].end(0), run.plans[18].end(0)) << scheduling::to_string(run.plans[38]);
  EXPECT_LT(run.per_frame(800, 900), 1.3 * run.per_frame(30, 60)) << scheduling::to_string(run.plans.back());
}

/// Most frames change nothing: groups are judged by the others.
TEST(DataAware, JudgesGroupsWithUnchangedFrames) {
  PlannedCase one{.network = "alexnet", .network_s = 0.1, .keep = true};
  one.rate = [](std::uint64_t frame) { return frame % 4 == 0 ? 0.1 : 0.0; };
  const PlannedRun run = run_planned(one, "data_aware");
  EXPECT_LT(run.summary.median_prediction_error.value_or(1), 0.1);
  EXPECT_LE(run.changes(), 3U);
}

/// Workers that compute only what has changed: the cut lies deeper where little changes, since the first
/// layers shrink most, and not so deep where much does.
TEST(DataAware, CutsDeeperInQuietScenes) {
  PlannedCase one{.network = "vgg16", .network_s = 1.3, .keep = true};
  one.bytes_per_s = {20e6, 20e6};
  one.rate = [](std::uint64_t frame) { return frame < 100 ? 0.05 : 0.6; };
  const PlannedRun run = run_planned(one, "data_aware");
  const auto cut_in = [&](std::size_t group) { return run.plans[group].end(0); };
  EXPECT_GT(cut_in(30), cut_in(60)) << scheduling::to_string(run.plans[30]) << ", then "
                                    << scheduling::to_string(run.plans[60]);
  EXPECT_LT(run.summary.median_prediction_error.value_or(1), 0.1);
}

}  // namespace
}  // namespace edge::test
