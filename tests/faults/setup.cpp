#include "tests/faults/setup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>

#include "engine/error.h"
#include "tests/end_to_end/edge_process.h"
#include "tests/faults/dice.h"
#include "tests/faults/process_table.h"

namespace edge::faults {
namespace {

using test::EdgeProcess;

constexpr int most_frames = 80;

/// Status and stderr of a short command.
std::pair<int, std::string> ask(const Setup& setup, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{setup.program};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const std::filesystem::path errors = setup.directory / "ask.err";
  std::filesystem::remove(errors);
  EdgeProcess process(command, "/dev/null", errors);
  const int status = process.wait(std::chrono::seconds(30));
  return {status, process.errors()};
}

std::string plan_text(const std::vector<double>& cuts, int last_layer) {
  std::string text = "[";
  int first = 1;
  for (std::size_t worker = 0; worker <= cuts.size(); ++worker) {
    const int end =
        worker == cuts.size() ? last_layer : static_cast<int>(std::lround(cuts[worker] * last_layer));
    text += worker == 0 ? "" : ", ";
    text += end >= first ? fmt::format("[{}, {}]", first, end) : "[]";
    first = std::max(first, end + 1);
  }
  return text + "]";
}

}  // namespace

std::string video_header() {
  return fmt::format("YUV4MPEG2 W{} H{} F25:1 C420jpeg\n", frame_columns, frame_rows);
}

std::string video_frame(int number) {
  constexpr int rests_every = 13;  // frames; with a gate such a frame is not even sent
  constexpr int block_rows = 16;
  constexpr int block_columns = 24;
  const int picture = number % rests_every == rests_every - 1 ? number - 1 : number;
  Dice dice(1);
  std::string luma(static_cast<std::size_t>(frame_rows) * frame_columns, '\0');
  for (char& pixel : luma) pixel = static_cast<char>(dice.whole(16, 235));
  const int top = 2 * picture % (frame_rows - block_rows);
  const int left = 3 * picture % (frame_columns - block_columns);
  for (int row = top; row < top + block_rows; ++row) {
    for (int column = left; column < left + block_columns; ++column) {
      luma[static_cast<std::size_t>(row * frame_columns + column)] =
          static_cast<char>((picture * 37 + column) % 256);
    }
  }
  return "FRAME\n" + luma + std::string(luma.size() / 2, static_cast<char>(128));
}

Abilities abilities_of(const Setup& setup) {
  Abilities abilities;
  abilities.tls = ask(setup, {"help", "secret"}).first == 0;
  const std::filesystem::path config = setup.directory / "ask.toml";
  std::ofstream(config) << "[[workers]]\naddress = \"127.0.0.1:7701\"\n[schedule]\nwait_for = 1\n";
  // There is no such worker; a key that it does not know is told before.
  abilities.goes_on =
      ask(setup, {"worker", "7", "-c", config.string()}).second.find("wait_for") == std::string::npos;
  return abilities;
}

void make_secret(const Setup& setup, const std::filesystem::path& file) {
  const auto [status, errors] = ask(setup, {"secret", file.string()});
  if (status != 0) throw Error("edge secret failed: " + errors);
}

std::string ConfigText::text() const {
  std::string text =
      fmt::format("cache_directory = \"{}\"\nthreads = 1\nlog_level = \"debug\"\n", cache.string());
  text += fmt::format("[model]\nname = \"{}\"\nfeatures_only = {}\nseed = {}\nframe_size = [{}, {}]\n",
                      scenario.network, scenario.network != "toy_dag", model_seed, frame_rows, frame_columns);
  for (const ChainAddress& worker : workers) {
    text += fmt::format("[[workers]]\naddress = \"{}\"\nlisten = \"{}\"\n", worker.address, worker.listen);
  }
  if (!trainer.address.empty()) {
    text += fmt::format(
        "[trainer]\naddress = \"{}\"\nlisten = \"{}\"\nframes = 8\nsource = "
        "\"synthetic:street?seed=3&noise=1&frames=8\"\nwait_s = 8\n",
        trainer.address, trainer.listen);
  }
  text += fmt::format("[video]\nsource = \"-\"\ngate = {}\n[output]\nresult = \"checksum\"\n", scenario.gate);
  text += fmt::format("[schedule]\nscheduler = \"{}\"\npending = {}\n", scenario.scheduler, scenario.pending);
  if (scenario.begins_with_one) text += "wait_for = 1\n";
  if (scenario.scheduler == "fixed") {
    text += "plans = [";
    for (const std::vector<double>& cuts : scenario.cuts) text += plan_text(cuts, last_layer) + ", ";
    text += "]\n";
  }
  text += fmt::format("[net]\nmode = \"{}\"\ncompress = {}\n", scenario.mode, scenario.compress);
  if (!scenario.default_times) text += "heartbeat_s = 0.3\ntimeout_s = 1.5\n";
  if (!secret.empty()) text += fmt::format("secret_file = \"{}\"\n", secret.string());
  return text;
}

const Reference& References::of(const std::string& network, int gate) {
  const std::lock_guard lock(mutex_);
  const auto known = known_.find({network, gate});
  if (known != known_.end()) return known->second;
  return known_[{network, gate}] = measure(network, gate);
}

Reference References::measure(const std::string& network, int gate) const {
  const std::filesystem::path directory = setup_.directory / fmt::format("reference-{}-{}", network, gate);
  std::filesystem::create_directories(directory);
  const std::string address = fmt::format("127.0.0.1:{}", test::free_ports(1).front());
  const Scenario scenario{.workers = 1,
                          .network = network,
                          .scheduler = "load_balance",
                          .cuts = {},
                          .mode = "delta",
                          .gate = gate,
                          .faults = {},
                          .left_out = {}};
  const std::filesystem::path config = directory / "config.toml";
  std::ofstream(config) << ConfigText{.scenario = scenario,
                                      .workers = {{.address = address, .listen = address}},
                                      .trainer = {},
                                      .cache = setup_.directory / "cache"}
                               .text();
  const std::filesystem::path video = directory / "video.y4m";
  {
    std::ofstream file(video, std::ios::binary);
    file << video_header();
    for (int frame = 0; frame < most_frames; ++frame) file << video_frame(frame);
  }
  EdgeProcess worker({setup_.program, "worker", "0", "-c", config.string()}, "/dev/null",
                     directory / "worker.err");
  EdgeProcess caller({setup_.program, "master", "-c", config.string(), "--video", video.string()},
                     directory / "master.out", directory / "master.err");
  Reference reference;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(setup_.sanitized ? 300 : 60);
  while (caller.running() && std::chrono::steady_clock::now() < limit) {
    const auto most = [](const EdgeProcess& process, double& megabytes) {
      if (const auto usage = usage_of(process.pid()))
        megabytes = std::max(megabytes, usage->most_resident_mb);
    };
    most(caller, reference.master_mb);
    most(worker, reference.worker_mb);
    usleep(20'000);
  }
  if (caller.wait(std::chrono::milliseconds(0)) != 0) {
    throw Error(fmt::format("a run without faults failed: {}: {}", directory.string(), caller.errors()));
  }
  worker.kill(SIGTERM);
  worker.wait();
  const auto lines = test::json_lines(caller.output());
  for (const auto& line : lines) reference.checksums.push_back(line.at("checksum"));
  if (reference.checksums.size() != most_frames) throw Error("a run without faults lost frames");
  reference.last_layer = lines.front().at("plan").at(0).at(1);
  std::filesystem::remove_all(directory);
  return reference;
}

}  // namespace edge::faults
