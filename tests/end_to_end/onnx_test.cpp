// Networks from ONNX files in a chain of real processes.
#include <csignal>

#include "engine/models/models.h"
#include "tests/end_to_end/chain_fixture.h"
#include "tests/engine/onnx_export.h"

namespace edge::test {
namespace {

class OnnxChain : public ChainFixture {
 protected:
  /// squeezenet1_1 for frames of 64x96, with the weights of a seed.
  std::string export_network(const std::string& name, std::uint64_t seed) {
    std::filesystem::create_directories((directory_.path() / name).parent_path());
    const Graph graph = make_model("squeezenet1_1", {.rows = 64, .columns = 96});
    const SeededWeights weights(seed);
    return directory_.write(name, OnnxExporter(graph, weights).file().bytes()).string();
  }
};

TEST_F(OnnxChain, GivesTheBuiltInNetworksBits) {
  export_network("squeeze.onnx", 1);
  ChainConfig chain{.workers = 3, .video = "synthetic:street?seed=3&noise=1&frames=8"};
  chain.network = "squeezenet1_1";
  const std::vector<std::string> expected = checksums(run_chain(chain));
  ASSERT_EQ(expected.size(), 8U);
  chain.network = "squeeze.onnx";  // beside the config
  EXPECT_EQ(checksums(run_chain(chain)), expected);
}

TEST_F(OnnxChain, LocalTakesItAsAnOption) {
  const std::string file = export_network("squeeze.onnx", 1);
  const std::string config = write_config({.video = "synthetic:street?seed=3&frames=3"});
  const auto local = start("local", edge_command({"local", "-c", config, "--model", file, "--check"}));
  EXPECT_EQ(local->wait(), 0) << local->errors();
  EXPECT_EQ(checksums(json_lines(local->output())).size(), 3U);
  EXPECT_NE(local->errors().find("squeeze.onnx"), std::string::npos) << local->errors();
  EXPECT_NE(local->errors().find("check: 3 frames right, bit for bit"), std::string::npos) << local->errors();
}

TEST_F(OnnxChain, ADeviceWithOtherWeightsIsRefused) {
  export_network("squeeze.onnx", 1);
  export_network("other/squeeze.onnx", 2);
  const ChainConfig chain{.network = "squeeze.onnx", .workers = 1};
  const std::string config = write_config(chain);
  ChainConfig other = chain;
  other.network = "other/squeeze.onnx";
  const std::string worker_config = write_config(other, "worker", true);
  const auto worker = start_worker(0, worker_config);
  const auto master = start_master(config);
  EXPECT_NE(master->wait(30s), 0);
  EXPECT_NE(master->errors().find("squeeze.onnx"), std::string::npos) << master->errors();
  EXPECT_NE(master->errors().find("onnx "), std::string::npos) << master->errors();
  worker->kill(SIGTERM);
  worker->wait();
}

TEST_F(OnnxChain, BadFilesAreOneLine) {
  directory_.write("page.onnx", "<!DOCTYPE html>");
  const std::string config = write_config({.network = "page.onnx"});
  const auto master = start_master(config);
  EXPECT_EQ(master->wait(10s), 1);
  EXPECT_NE(master->errors().find("page.onnx: "), std::string::npos) << master->errors();
  EXPECT_NE(master->errors().find("no ONNX file"), std::string::npos) << master->errors();
}

}  // namespace
}  // namespace edge::test
