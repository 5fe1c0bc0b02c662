// A chain of real processes on this machine: writes the config, starts workers and master, collects results.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/end_to_end/edge_process.h"

namespace edge::test {

/// Layers of toy_dag as the optimiser leaves it.
constexpr int toy_dag_layers = 25;

/// What a test changes about the config; everything else is small and quick.
struct ChainConfig {
  std::string network = "toy_dag";
  bool features_only = false;
  int rows = 64;
  int columns = 96;
  int seed = 1;
  int workers = 2;
  std::string video = "synthetic:street?seed=3&noise=1&frames=20";
  int gate = 0;                  ///< [video] gate: every pixel as it is, as other commands take it
  std::string video_lines = {};  ///< further lines of [video]
  std::string schedule = "scheduler = \"load_balance\"";  ///< lines of [schedule]
  std::string mode = "delta";
  std::string result = "checksum";
  std::string extra = {};         ///< top-level lines
  std::string model_lines = {};   ///< further lines of [model]
  std::string keep = "\"auto\"";  ///< [engine] keep
  std::string net_lines = {};     ///< further lines of [net]
};

class ChainFixture : public ::testing::Test {
 protected:
  /// Writes NAME.toml with fresh ports (or those of the last call, if `same_ports`). Profiles are kept beside
  /// it.
  std::string write_config(const ChainConfig& config, const std::string& name = "config",
                           bool same_ports = false);

  /// Starts a process; its stderr goes to NAME.err, its stdout to NAME.out (both appended to by a restart).
  std::unique_ptr<EdgeProcess> start(const std::string& name, const std::vector<std::string>& command,
                                     const std::map<std::string, std::string>& environment = {});
  std::unique_ptr<EdgeProcess> start_worker(int index, const std::string& config,
                                            const std::map<std::string, std::string>& environment = {});
  std::unique_ptr<EdgeProcess> start_master(const std::string& config);

  /// Starts all workers and a master, waits for it, expects exit status 0, stops the workers. Returns the
  /// JSON lines.
  std::vector<nlohmann::json> run_chain(const ChainConfig& config);

  /// Frame number to checksum; expects frames 0, 1, 2 ... each once, in order.
  static std::vector<std::string> checksums(const std::vector<nlohmann::json>& lines);

  TemporaryDirectory directory_;
  std::vector<std::uint16_t> ports_;
};

}  // namespace edge::test
