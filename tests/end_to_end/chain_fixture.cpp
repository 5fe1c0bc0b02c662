#include "tests/end_to_end/chain_fixture.h"

#include <fmt/format.h>

#include <csignal>

#include "tests/json_schema.h"

namespace edge::test {

std::string ChainFixture::write_config(const ChainConfig& config, const std::string& name, bool same_ports) {
  if (!same_ports) ports_ = free_ports(config.workers);
  std::string text = config.extra;
  text += fmt::format("\ncache_directory = \"{}\"\nlog_level = \"debug\"\n",
                      (directory_.path() / "cache").string());
  text += fmt::format("[model]\nname = \"{}\"\nfeatures_only = {}\nseed = {}\nframe_size = [{}, {}]\n",
                      config.network, config.features_only, config.seed, config.rows, config.columns);
  text += config.model_lines + "\n";
  for (int i = 0; i < config.workers; ++i) {
    text += fmt::format("[[workers]]\naddress = \"127.0.0.1:{}\"\nthreads = 1\n",
                        ports_[static_cast<std::size_t>(i)]);
  }
  text += fmt::format(
      "[video]\nsource = \"{}\"\ngate = {}\n{}\n[schedule]\n{}\n[output]\nresult = \"{}\"\n[net]\nmode = "
      "\"{}\"\n",
      config.video, config.gate, config.video_lines, config.schedule, config.result, config.mode);
  text += fmt::format("heartbeat_s = 0.2\ntimeout_s = 3.0\n{}\n[engine]\nkeep = {}\n", config.net_lines,
                      config.keep);
  return directory_.write(name + ".toml", text).string();
}

std::unique_ptr<EdgeProcess> ChainFixture::start(const std::string& name,
                                                 const std::vector<std::string>& command,
                                                 const std::map<std::string, std::string>& environment) {
  return std::make_unique<EdgeProcess>(command, directory_.path() / (name + ".out"),
                                       directory_.path() / (name + ".err"), environment);
}

std::unique_ptr<EdgeProcess> ChainFixture::start_worker(
    int index, const std::string& config, const std::map<std::string, std::string>& environment) {
  return start(fmt::format("worker{}", index), edge_command({"worker", std::to_string(index), "-c", config}),
               environment);
}

std::unique_ptr<EdgeProcess> ChainFixture::start_master(const std::string& config) {
  return start("master", edge_command({"master", "-c", config}));
}

std::vector<nlohmann::json> ChainFixture::run_chain(const ChainConfig& config) {
  const std::string file = write_config(config);
  std::vector<std::unique_ptr<EdgeProcess>> workers;
  for (int i = 0; i < config.workers; ++i) workers.push_back(start_worker(i, file));
  std::filesystem::remove(directory_.path() / "master.out");
  const auto master = start_master(file);
  EXPECT_EQ(master->wait(120s), 0) << master->errors();
  for (const auto& worker : workers) worker->kill(SIGTERM);
  for (const auto& worker : workers) EXPECT_EQ(worker->wait(), 0) << worker->errors();
  std::vector<nlohmann::json> lines = json_lines(master->output());
  const JsonSchema schema(EDGE_SOURCE_DIRECTORY "/docs/output.schema.json");
  for (const nlohmann::json& line : lines) EXPECT_EQ(schema.fault(line), "") << line;
  return lines;
}

std::vector<std::string> ChainFixture::checksums(const std::vector<nlohmann::json>& lines) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].at("frame"), i);
    list.push_back(lines[i].at("checksum"));
  }
  return list;
}

}  // namespace edge::test
