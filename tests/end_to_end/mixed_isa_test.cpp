// A chain of an x86 master, an armv7 worker and an aarch64 worker, these two under QEMU. `make test-pi` runs
// it and says in EDGE_ARMV7 and EDGE_AARCH64 how to start the device programs.
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

std::vector<std::string> words(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) throw std::runtime_error(fmt::format("{} is not set: use make test-pi", variable));
  std::istringstream stream(text);
  std::vector<std::string> list;
  for (std::string word; stream >> word;) list.push_back(word);
  return list;
}

class MixedIsa : public ChainFixture {
 protected:
  std::unique_ptr<EdgeProcess> start_device(const char* variable, int index, const std::string& config) {
    std::vector<std::string> command = words(variable);
    command.insert(command.end(), {"worker", std::to_string(index), "-c", config});
    return start(fmt::format("worker{}", index), command);
  }

  static std::string scene(std::size_t frames) {
    return fmt::format("synthetic:street?seed=3&noise=1&frames={}", frames);
  }

  /// Runs the chain with `check`; its lines.
  std::vector<nlohmann::json> expect_right_results(ChainConfig config, std::size_t frames = 12) {
    config.extra = "check = true";
    config.video = scene(frames);
    const std::string file = write_config(config);
    const auto armv7 = start_device("EDGE_ARMV7", 0, file);
    const auto aarch64 = start_device("EDGE_AARCH64", 1, file);
    std::filesystem::remove(directory_.path() / "master.out");
    const auto master = start_master(file);
    EXPECT_EQ(master->wait(300s), 0) << master->errors() << armv7->errors() << aarch64->errors();
    EXPECT_EQ(json_lines(master->output()).size(), frames);
    EXPECT_NE(master->errors().find("worker 0: armv7 neon"), std::string::npos) << master->errors();
    EXPECT_NE(master->errors().find(fmt::format("check: {} frames right", frames)), std::string::npos)
        << master->errors();
    for (const auto& worker : {&armv7, &aarch64}) {
      (*worker)->kill(SIGTERM);
      EXPECT_EQ((*worker)->wait(5s), 0) << (*worker)->errors();
    }
    return json_lines(master->output());
  }

  /// The same objects as one process of this machine finds, but for rounding.
  void expect_same_objects(const ChainConfig& config, std::size_t frames) {
    const std::vector<nlohmann::json> chain = expect_right_results(config, frames);
    const std::vector<std::string> infer = {"infer",
                                            "--model",
                                            config.network,
                                            "--size",
                                            fmt::format("{}x{}", config.rows, config.columns),
                                            "--frames",
                                            std::to_string(frames),
                                            "--input",
                                            scene(frames)};
    const auto alone = start("infer", edge_command(infer));
    ASSERT_EQ(alone->wait(120s), 0) << alone->errors();
    const std::vector<nlohmann::json> lines = json_lines(alone->output());
    ASSERT_EQ(chain.size(), lines.size());
    std::size_t seen = 0;
    for (std::size_t frame = 0; frame < lines.size(); ++frame) {
      const nlohmann::json& expected = lines[frame].at("objects");
      const nlohmann::json& actual = chain[frame].at("objects");
      ASSERT_EQ(actual.size(), expected.size()) << "frame " << frame << ": " << actual << " and " << expected;
      for (std::size_t i = 0; i < expected.size(); ++i, ++seen) {
        EXPECT_EQ(actual[i].at("class"), expected[i].at("class")) << "frame " << frame;
        EXPECT_NEAR(actual[i].at("score").get<double>(), expected[i].at("score").get<double>(), 2e-3);
        for (std::size_t side = 0; side < 4; ++side) {
          EXPECT_NEAR(actual[i].at("box").at(side).get<double>(),
                      expected[i].at("box").at(side).get<double>(), 0.1);
        }
      }
    }
    EXPECT_GT(seen, lines.size()) << "more than one object a frame";
  }
};

TEST_F(MixedIsa, AlexNetOverThreeKindsOfDevices) {
  expect_right_results({.network = "alexnet",
                        .features_only = true,
                        .schedule = "scheduler = \"fixed\"\nplans = [[[1,6],[7,13]], [[1,3],[4,13]]]"});
}

TEST_F(MixedIsa, ToyDagOverThreeKindsOfDevices) {
  expect_right_results(
      {.schedule = fmt::format("scheduler = \"fixed\"\nplans = [[[1,10],[11,{0}]], [[1,7],[8,{0}]]]",
                               toy_dag_layers)});
}

TEST_F(MixedIsa, ObjectsAreTheSameOverThreeKindsOfDevices) {
  expect_same_objects({.network = "street",
                       .rows = 240,
                       .columns = 368,
                       .schedule = "scheduler = \"fixed\"\nplans = [[[1,3],[4,17]], [[1,6],[7,17]]]",
                       .result = "top_k"},
                      12);
}

/// nanodet-g-rgb01.onnx is no part of the repository: docs/building.md.
TEST_F(MixedIsa, NanoDetOverThreeKindsOfDevices) {
  const char* const models = std::getenv("EDGE_ONNX_MODELS");
  if (models == nullptr) GTEST_SKIP() << "EDGE_ONNX_MODELS is not set";
  expect_same_objects({.network = fmt::format("{}/nanodet-g-rgb01.onnx", models),
                       .rows = 416,
                       .columns = 416,
                       .schedule = "scheduler = \"fixed\"\nplans = [[[1,20],[21,96]], [[1,9],[10,96]]]",
                       .result = "top_k"},
                      6);
}

}  // namespace
}  // namespace edge::test
