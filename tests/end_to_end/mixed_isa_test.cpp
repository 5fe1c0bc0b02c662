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

  void expect_right_results(ChainConfig config) {
    config.extra = "check = true";
    config.video = "synthetic:street?seed=3&noise=1&frames=12";
    const std::string file = write_config(config);
    const auto armv7 = start_device("EDGE_ARMV7", 0, file);
    const auto aarch64 = start_device("EDGE_AARCH64", 1, file);
    std::filesystem::remove(directory_.path() / "master.out");
    const auto master = start_master(file);
    EXPECT_EQ(master->wait(300s), 0) << master->errors() << armv7->errors() << aarch64->errors();
    EXPECT_EQ(json_lines(master->output()).size(), 12U);
    EXPECT_NE(master->errors().find("worker 0: armv7 neon"), std::string::npos) << master->errors();
    EXPECT_NE(master->errors().find("check: 12 frames right"), std::string::npos) << master->errors();
    for (const auto& worker : {&armv7, &aarch64}) {
      (*worker)->kill(SIGTERM);
      EXPECT_EQ((*worker)->wait(5s), 0) << (*worker)->errors();
    }
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

}  // namespace
}  // namespace edge::test
