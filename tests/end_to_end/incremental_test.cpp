// A chain that computes and sends only what changed gives the results of one that does everything.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

class Incremental : public ChainFixture {
 protected:
  std::string log_of(const std::string& process) const {
    std::ifstream stream(directory_.path() / (process + ".err"));
    return {std::istreambuf_iterator<char>(stream), {}};
  }
};

std::size_t unchanged(const std::vector<nlohmann::json>& lines) {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [](const nlohmann::json& line) { return line.contains("unchanged"); }));
}

TEST_F(Incremental, KeptOutputsChangeNoResultUnderChangingPlans) {
  ChainConfig config{.network = "alexnet", .features_only = true, .rows = 96, .columns = 128, .workers = 3};
  config.video = "synthetic:street?seed=5&noise=0&frames=60";
  config.schedule =
      "scheduler = \"fixed\"\ngroup_size = 5\nplans = [[[1,3],[4,9],[10,13]], [[1,3],[4,9],[10,13]], "
      "[[],[1,13],[]], "
      "[[1,1],[],[2,13]]]";
  config.extra = "check = true\n";
  config.keep = "0";
  const auto expected = checksums(run_chain(config));
  EXPECT_EQ(log_of("master").find("computed, share"), std::string::npos) << "all was";
  config.keep = "\"auto\"";
  EXPECT_EQ(checksums(run_chain(config)), expected);
  EXPECT_NE(log_of("master").find("computed, share of the multiply-adds of its layers: worker 0 "),
            std::string::npos);
  config.keep = "0.05";
  EXPECT_EQ(checksums(run_chain(config)), expected);
}

TEST_F(Incremental, UnchangedFramesAreNeitherSentNorComputed) {
  ChainConfig config{.video = "synthetic:static?seed=3&noise=2&frames=30"};
  config.gate = 6;
  config.video_lines = "refresh = 0.1";
  config.extra = "check = true\n";
  const auto lines = run_chain(config);
  checksums(lines);  // each frame once, in order
  EXPECT_EQ(unchanged(lines), 27U) << "all but the first and every tenth";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const bool refreshed = i % 10 == 0;
    EXPECT_EQ(lines[i].contains("unchanged"), !refreshed) << i;
    if (refreshed) continue;
    EXPECT_EQ(lines[i].at("bytes"), nlohmann::json::array({0, 0}));
    EXPECT_EQ(lines[i].at("checksum"), lines[i - 1].at("checksum"));
  }
  EXPECT_NE(log_of("master").find("27 unchanged (not sent)"), std::string::npos);
}

TEST_F(Incremental, FramesThatTheVideoRepeatsAreUnchangedWithoutAGate) {
  const auto lines = run_chain({.video = "synthetic:static?seed=3&noise=0&frames=8"});
  EXPECT_EQ(unchanged(lines), 7U);
}

}  // namespace
}  // namespace edge::test
