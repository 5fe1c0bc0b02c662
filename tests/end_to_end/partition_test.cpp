// Networks with branches over processes and TCP: random cuts into one to five parts, empty parts, other parts
// with every group of frames. Results are those of one worker, to the bit.
// tests/engine/partition_test.cpp does the same with every network inside of one process.
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

constexpr int workers = 5;
constexpr int plan_count = 8;

/// Cuts anywhere, several at one place: empty parts.
std::string random_plan(std::mt19937& random, int layers) {
  std::vector<int> cuts{0, layers};
  while (cuts.size() < workers + 1) {
    const bool empty_part = random() % 4 == 0;
    cuts.push_back(empty_part ? cuts.back()
                              : static_cast<int>(random() % (static_cast<unsigned>(layers) + 1)));
  }
  std::sort(cuts.begin(), cuts.end());
  std::string plan = "[";
  for (std::size_t worker = 0; worker < workers; ++worker) {
    plan += worker == 0 ? "" : ", ";
    plan +=
        cuts[worker] == cuts[worker + 1] ? "[]" : fmt::format("[{}, {}]", cuts[worker] + 1, cuts[worker + 1]);
  }
  return plan + "]";
}

class Partition : public ChainFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  int layers_of(const ChainConfig& config) {
    std::vector<std::string> command{"inspect", "--json",
                                     "--model", config.network,
                                     "--size",  fmt::format("{}x{}", config.rows, config.columns)};
    if (config.features_only) command.emplace_back("--features-only");
    const auto inspect = start("inspect", edge_command(command));
    EXPECT_EQ(inspect->wait(20s), 0) << inspect->errors();
    return nlohmann::json::parse(inspect->output()).at("totals").at("layers");
  }
};

TEST_P(Partition, AnyCutGivesTheSameBits) {
  ChainConfig config{.network = GetParam(), .features_only = true, .rows = 48, .columns = 64};
  config.video = fmt::format("synthetic:street?seed=3&noise=1&frames={}", 2 * plan_count);
  const int layers = layers_of(config);

  ChainConfig whole = config;
  whole.workers = 1;
  whole.mode = "full";
  const auto expected = checksums(run_chain(whole));
  ASSERT_EQ(expected.size(), 2U * plan_count);
  EXPECT_NE(expected.front(), expected.back()) << "the video does not move: the test shows nothing";

  std::mt19937 random(7);
  std::string plans;
  for (int i = 0; i < plan_count; ++i) plans += (i == 0 ? "" : ", ") + random_plan(random, layers);
  config.workers = workers;
  config.schedule = fmt::format("scheduler = \"fixed\"\ngroup_size = 2\nplans = [{}]", plans);
  const auto lines = run_chain(config);
  EXPECT_EQ(checksums(lines), expected) << plans;
  std::set<std::string> used;
  for (const nlohmann::json& line : lines) used.insert(line.at("plan").dump());
  EXPECT_EQ(used.size(), static_cast<std::size_t>(plan_count));
}

INSTANTIATE_TEST_SUITE_P(Networks, Partition, testing::Values("googlenet", "resnet50", "mobilenet_v2"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
}  // namespace edge::test
