// `edge inspect` as people call it, and what it shows of a chain that runs.
#include <fmt/format.h>

#include <csignal>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

class Inspect : public ChainFixture {
 protected:
  /// Standard output; expects the status, and nothing on stderr if that is 0.
  std::string run(std::vector<std::string> arguments, int expected_status = 0) {
    for (const char* name : {"inspect.out", "inspect.err"}) std::filesystem::remove(directory_.path() / name);
    arguments.insert(arguments.begin(), "inspect");
    const auto process = start("inspect", edge_command(arguments));
    EXPECT_EQ(process->wait(20s), expected_status) << process->errors();
    errors_ = process->errors();
    if (expected_status == 0) {
      EXPECT_EQ(errors_, "");
    }
    return process->output();
  }
  std::string errors_;
};

TEST_F(Inspect, Table) {
  const std::string table = run({"--model", "googlenet", "--size", "480x720"});
  EXPECT_NE(table.find("concat <- 10 14 18 21"), std::string::npos) << table;
  EXPECT_NE(table.find("140 layers, 6.62 M parameters (26.5 MB), 10.3 G MACs per frame"), std::string::npos);
}

TEST_F(Inspect, PlanOfARunningChain) {
  const ChainConfig chain{.video = "synthetic:street?seed=3&frames=4",
                          .schedule = "scheduler = \"fixed\"\nplan = [[1, 9], [10, 25]]"};
  run_chain(chain);  // leaves master.out, its JSON lines
  const std::string config = (directory_.path() / "config.toml").string();
  const std::string page = (directory_.path() / "graph.html").string();
  const std::string said =
      run({"-c", config, "--result", (directory_.path() / "master.out").string(), "--html", page});
  EXPECT_NE(said.find("wrote " + page), std::string::npos) << said;
  EXPECT_NE(said.find("plan, from master.out, frame 3"), std::string::npos) << said;
  EXPECT_NE(said.find("worker 1: layers 10-25"), std::string::npos) << said;
  const std::string html = read_file(page);
  EXPECT_TRUE(html.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(html.ends_with("</html>\n"));
  EXPECT_NE(html.find(R"({"worker":1,"layers":[10,25])"), std::string::npos);

  const nlohmann::json json = nlohmann::json::parse(run({"-c", config, "--json"}));
  EXPECT_EQ(json.at("size"), (nlohmann::json{64, 96})) << "of the config";
  EXPECT_EQ(json.at("plan").at("source"), "config.toml");
  EXPECT_EQ(json.at("plan").at("parts").at(0).at("layers"), (nlohmann::json{1, 9}));
}

TEST_F(Inspect, BadInput) {
  const std::string file = (directory_.path() / "x.html").string();
  run({"--model", "alexnet", "--plan", "[[1,6],[8,22]]", "--html", file}, 2);
  EXPECT_EQ(errors_, "edge: --plan: worker 1 must begin with layer 7, not 8; otherwise layers are skipped\n");
  EXPECT_FALSE(std::filesystem::exists(file));
  run({"--model", "alexnet", "surplus"}, 2);
  EXPECT_EQ(errors_, "edge: unexpected argument 'surplus': options of edge inspect begin with --\n");
  run({"--modle", "alexnet"}, 2);
  EXPECT_EQ(std::count(errors_.begin(), errors_.end(), '\n'), 1) << errors_;
  run({"--model", "alexnet", "--threads", "0"}, 2);
  EXPECT_EQ(errors_, "edge: --threads: must be 1 to 1024, not 0\n");
}

}  // namespace
}  // namespace edge::test
