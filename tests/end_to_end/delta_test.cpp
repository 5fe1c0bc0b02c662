// Delta and full give identical results, whatever the plan.
#include <fmt/format.h>

#include <set>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

constexpr int frames = 200;
constexpr const char* video = "synthetic:street?seed=3&noise=1&frames=200";

std::uint64_t total_bytes(const std::vector<nlohmann::json>& lines, std::size_t link) {
  std::uint64_t sum = 0;
  for (const nlohmann::json& line : lines) sum += line.at("bytes").at(link).get<std::uint64_t>();
  return sum;
}

class Delta : public ChainFixture {
 protected:
  /// The same video in full mode on one worker, and in delta mode under plans that change with every group.
  void expect_same_results(ChainConfig config, const std::string& plans) {
    config.video = video;
    ChainConfig whole = config;
    whole.mode = "full";
    whole.workers = 1;
    const auto expected = checksums(run_chain(whole));
    ASSERT_EQ(expected.size(), static_cast<std::size_t>(frames));
    EXPECT_NE(expected.front(), expected.back()) << "the video does not move: the test shows nothing";

    config.workers = 3;
    config.schedule = fmt::format("scheduler = \"fixed\"\ngroup_size = 3\npending = 3\nplans = {}", plans);
    config.mode = "full";
    EXPECT_EQ(checksums(run_chain(config)), expected);
    config.mode = "delta";
    const auto lines = run_chain(config);
    EXPECT_EQ(checksums(lines), expected);
    std::set<std::string> used;
    for (const nlohmann::json& line : lines) used.insert(line.at("plan").dump());
    EXPECT_GE(used.size(), 4U) << "plans were to change";
  }
};

TEST_F(Delta, AlexNetUnderChangingPlans) {
  // Layers 1 to 13: conv relu pool conv relu pool conv relu conv relu conv relu pool.
  expect_same_results({.network = "alexnet", .features_only = true},
                      "[[[1,6],[7,13],[]], [[1,3],[4,9],[10,13]], [[],[1,13],[]], [[1,1],[],[2,13]], "
                      "[[],[],[1,13]], [[1,13],[],[]]]");
}

TEST_F(Delta, MultiTensorCutsUnderChangingPlans) {
  // toy_dag has branches: most of these cuts cross two to four tensors.
  std::string plans = "[";
  for (int cut = 1; cut < toy_dag_layers - 3; ++cut) {
    plans += fmt::format("{}[[1,{}],[{},{}],[{},{}]]", cut == 1 ? "" : ", ", cut, cut + 1, cut + 3, cut + 4,
                         toy_dag_layers);
  }
  expect_same_results({}, plans + "]");
}

TEST_F(Delta, SendsLessThanFull) {
  ChainConfig config{.network = "alexnet", .features_only = true, .rows = 120, .columns = 160};
  config.video = "synthetic:street?seed=3&noise=0&frames=40";
  config.schedule = "scheduler = \"fixed\"\nplan = [[1,3],[4,13]]";
  config.mode = "full";
  const auto full = run_chain(config);
  config.mode = "delta";
  const auto delta = run_chain(config);
  EXPECT_EQ(checksums(delta), checksums(full));
  for (const std::size_t link : {0U, 1U})
    EXPECT_LT(total_bytes(delta, link), total_bytes(full, link) / 2) << link;
  // Input frames are 8-bit pixels in either mode.
  EXPECT_LT(total_bytes(full, 0), 40U * (3 * 120 * 160 + 2000));
}

TEST_F(Delta, LossyDeadbandSendsLess) {
  ChainConfig config{.network = "alexnet", .features_only = true, .rows = 120, .columns = 160};
  config.video = "synthetic:static?seed=3&noise=2&frames=20";
  config.schedule = "scheduler = \"one_side\"";
  config.workers = 1;
  const auto exact = run_chain(config);
  config.video_lines = "deadband = 4";
  const auto held = run_chain(config);
  EXPECT_LT(total_bytes(held, 0), total_bytes(exact, 0) / 4);
}

}  // namespace
}  // namespace edge::test
