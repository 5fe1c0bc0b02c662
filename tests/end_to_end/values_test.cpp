// [net] values: rounded tensors between workers. `check` computes with the same rounding and expects the same
// bits, whatever the plans do and whoever is lost.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

using namespace std::chrono_literals;

class Values : public ChainFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  static ChainConfig config(const std::string& values) {
    return {.network = "alexnet",
            .features_only = true,
            .rows = 120,
            .columns = 160,
            .workers = 3,
            .video = "synthetic:street?seed=3&noise=1&frames=40",
            .schedule =
                "scheduler = \"fixed\"\ngroup_size = 5\nplans = [[[1,3],[4,9],[10,13]], [[1,6],[],[7,13]], "
                "[[],[1,4],[5,13]], [[1,13],[],[]]]",
            .extra = "check = true",
            .net_lines = fmt::format("values = \"{}\"", values)};
  }

  std::string master_errors() { return read_file(directory_.path() / "master.err"); }
  std::size_t lines_so_far(const EdgeProcess& process) {
    const std::string text = process.output();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
};

std::uint64_t bytes_between_workers(const std::vector<nlohmann::json>& lines) {
  std::uint64_t sum = 0;
  for (const nlohmann::json& line : lines) {
    for (std::size_t link = 1; link < line.at("bytes").size(); ++link) {
      sum += line.at("bytes").at(link).get<std::uint64_t>();
    }
  }
  return sum;
}

TEST_P(Values, CheckExpectsTheSameBitsUnderChangingPlans) {
  const std::vector<nlohmann::json> lines = run_chain(config(GetParam()));
  EXPECT_EQ(checksums(lines).size(), 40U);
  EXPECT_NE(master_errors().find("check: 40 frames right, bit for bit"), std::string::npos)
      << master_errors();
  EXPECT_NE(master_errors().find("    error\n"), std::string::npos) << "the table has no errors of links";
  ChainConfig exact = config("exact");
  exact.extra = "";
  EXPECT_LT(bytes_between_workers(lines), bytes_between_workers(run_chain(exact)) / 2);
}

TEST_P(Values, CheckExpectsTheSameBitsInModeFull) {
  ChainConfig full = config(GetParam());
  full.mode = "full";
  full.net_lines += "\ncompress = false";
  full.network = "toy_dag";  // cuts of several tensors, some of which pass through workers
  full.features_only = false;
  full.schedule = "scheduler = \"fixed\"\ngroup_size = 2\nplans = [[[1,3],[4,7],[8,";
  full.schedule += fmt::format("{0}]], [[1,5],[],[6,{0}]], [[1,2],[3,9],[10,{0}]]]", toy_dag_layers);
  run_chain(full);
  EXPECT_NE(master_errors().find("check: 40 frames right, bit for bit"), std::string::npos)
      << master_errors();
}

TEST_P(Values, CheckExpectsTheSameBitsOfFramesThatAreNotSent) {
  ChainConfig still = config(GetParam());
  still.video = "synthetic:static?seed=3&noise=2&frames=40";
  still.gate = 4;
  const std::vector<nlohmann::json> lines = run_chain(still);
  const auto unchanged = [](const nlohmann::json& line) { return line.value("unchanged", false); };
  EXPECT_GT(std::count_if(lines.begin(), lines.end(), unchanged), 0) << "every frame was sent";
  EXPECT_NE(master_errors().find("check: 40 frames right, bit for bit"), std::string::npos)
      << master_errors();
}

TEST_P(Values, AWorkerMayBeLost) {
  ChainConfig slow = config(GetParam());
  slow.rows = 240;
  slow.columns = 360;
  slow.video = "synthetic:street?seed=3&noise=1&frames=60";
  const std::string file = write_config(slow);
  std::vector<std::unique_ptr<EdgeProcess>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(start_worker(i, file));
  const auto master = start_master(file);
  for (const int victim : {1, 0}) {
    const std::size_t before = lines_so_far(*master);
    for (int i = 0; i < 3000 && lines_so_far(*master) < before + 8; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(master->running()) << master->errors();
    auto& worker = workers[static_cast<std::size_t>(victim)];
    worker->kill(SIGKILL);
    worker->wait();
    worker = start_worker(victim, file);
  }
  EXPECT_EQ(master->wait(120s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())).size(), 60U);
  EXPECT_NE(master->errors().find("check: 60 frames right"), std::string::npos) << master->errors();
}

INSTANTIATE_TEST_SUITE_P(Formats, Values, ::testing::Values("float16", "int8"),
                         [](const auto& test) { return std::string(test.param); });

TEST_F(Values, AreExactUnlessAskedFor) {
  ChainConfig other = config("exact");
  run_chain(other);
  EXPECT_NE(master_errors().find("check: 40 frames right, bit for bit"), std::string::npos)
      << master_errors();
  EXPECT_EQ(master_errors().find("    error\n"), std::string::npos);
}

TEST_F(Values, UnknownOnesAreRefused) {
  const std::string file = write_config(config("int9"));
  const auto master = start_master(file);
  EXPECT_NE(master->wait(), 0);
  EXPECT_NE(
      master->errors().find("net.values: expected one of exact, float16, int8, found 'int9'; did you mean"),
      std::string::npos)
      << master->errors();
}

}  // namespace
}  // namespace edge::test
