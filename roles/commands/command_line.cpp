// Options, config and log of the roles' commands.
#include "roles/commands/command_line.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <vector>

#include "engine/error.h"
#include "kernels/cpu.h"
#include "roles/report/log_sink.h"

namespace edge::commands {
namespace {

/// Levels of spdlog by the names of the config; anything else is an Error.
spdlog::level::level_enum parse_level(const std::string& name) {
  const spdlog::level::level_enum level = spdlog::level::from_str(name);
  if (level == spdlog::level::off && name != "off") {
    throw Error(
        fmt::format("--log-level: unknown level '{}'; known: trace, debug, info, warning, error, off", name));
  }
  return level;
}

void apply(const cxxopts::ParseResult& parsed, Config& config) {
  if (parsed.count("addresses") != 0) {
    const auto& addresses = parsed["addresses"].as<std::vector<std::string>>();
    if (addresses.size() != config.workers.size()) {
      throw Error(
          fmt::format("--addresses: {} addresses for {} workers", addresses.size(), config.workers.size()));
    }
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      config.workers[i].address = Address::parse(addresses[i], "--addresses");
      config.workers[i].listen.reset();
    }
  }
  if (parsed.count("threads") != 0) {
    const int threads = parsed["threads"].as<int>();
    if (threads < 1 || threads > 1024) throw Error("--threads: must be 1 to 1024");
    config.threads = threads;
    for (WorkerConfig& worker : config.workers) worker.threads = threads;
  }
  if (parsed.count("log-level") != 0) config.log_level = parsed["log-level"].as<std::string>();
}

}  // namespace

void set_up_log(const std::string& process, const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("edge", make_log_sink());
  logger->set_pattern(fmt::format("%H:%M:%S.%e {} %^%l%$: %v", process));
  logger->set_level(parse_level(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
}

void add_common_options(cxxopts::Options& options) {
  auto add = options.add_options();
  add("c,config", "configuration file", cxxopts::value<std::string>()->default_value("config.toml"), "FILE");
  add("threads", "threads, instead of the config's", cxxopts::value<int>(), "N");
  add("addresses", "addresses of the workers, instead of the config's",
      cxxopts::value<std::vector<std::string>>(), "HOST:PORT,..");
  add("log-level", "trace, debug, info, warning, error or off", cxxopts::value<std::string>(), "LEVEL");
  add("trace", "write what was done when, as a Chrome trace (docs/trace.md)", cxxopts::value<std::string>(),
      "FILE");
  add("h,help", "this help");
}

void add_worker_options(cxxopts::Options& options) {
  options.add_options()("reprofile", "measure layer costs again, although the cache has them");
}

void add_master_options(cxxopts::Options& options) {
  auto add = options.add_options();
  add("video", "video source, instead of the config's", cxxopts::value<std::string>(), "SOURCE");
  add("frames", "stop after so many frames (0: at the end of the video)", cxxopts::value<std::uint64_t>(),
      "N");
  add("output", "file for the JSON lines (-: stdout)", cxxopts::value<std::string>(), "FILE");
  add("costs", "write what the run has measured, for edge plan (docs/scheduling.md)",
      cxxopts::value<std::string>(), "FILE");
  add("check", "compute every frame here too, and compare");
  add("gantt", "draw when each device and link worked on the last frames");
  options.add_options("internal")("trainer", "the trainer's address, instead of the config's, or none",
                                  cxxopts::value<std::string>(), "HOST:PORT");
}

CommandLine parse(cxxopts::Options& options, int argc, char** argv, const std::string& process) {
  cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    fmt::print("{}", options.help({""}));
    std::exit(0);
  }
  if (!parsed.unmatched().empty())
    throw Error(fmt::format("unexpected argument '{}'", parsed.unmatched().front()));
  Config config = load_config(parsed["config"].as<std::string>());
  apply(parsed, config);
  set_up_log(process, config.log_level);
  kernels::active_isa();  // a CPU without the needed instructions is told here, in one line
  return {.parsed = std::move(parsed), .config = std::move(config)};
}

std::optional<FileCommandLine> parse_files(cxxopts::Options& options, int argc, char** argv) {
  options.add_options()("h,help", "this help");
  options.add_options("internal")("files", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"files"});
  cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    fmt::print("{}", options.help({""}));
    return std::nullopt;
  }
  std::vector<std::string> files;
  if (parsed.count("files") != 0) files = parsed["files"].as<std::vector<std::string>>();
  return FileCommandLine{.parsed = std::move(parsed), .files = std::move(files)};
}

std::string trace_file(const cxxopts::ParseResult& parsed) {
  return parsed.count("trace") != 0 ? parsed["trace"].as<std::string>() : "";
}

}  // namespace edge::commands
