// The `edge` command: reads the command line, hands over to a role.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cxxopts.hpp>
#include <string>
#include <vector>

#include "engine/error.h"
#include "kernels/cpu.h"
#include "roles/config/config.h"
#include "roles/local/local.h"
#include "roles/master/master.h"
#include "roles/plan/plan_command.h"
#include "roles/version.h"
#include "roles/worker/worker.h"

namespace edge {
namespace {

constexpr const char* usage = R"(edge: CNN video analytics on a chain of devices

  edge local            the whole chain of config.toml on this machine, as processes, over TCP
  edge master           reads the video, plans, emits one JSON line per frame
  edge worker I         runs its part of the network; I counts from 0 in config.toml
  edge plan             what if? costs of devices and links in, plan out (JSON)
  edge version          version, instruction set, CPU

Options come after the command; `edge COMMAND --help` lists them. The config explains its keys; docs/ has the rest.
)";

constexpr int exit_bad_usage = 2;

struct CommandLine {
  cxxopts::ParseResult parsed;
  Config config;
};

void add_common_options(cxxopts::Options& options) {
  auto add = options.add_options();
  add("c,config", "configuration file", cxxopts::value<std::string>()->default_value("config.toml"), "FILE");
  add("threads", "threads, instead of the config's", cxxopts::value<int>(), "N");
  add("addresses", "addresses of the workers, instead of the config's",
      cxxopts::value<std::vector<std::string>>(), "HOST:PORT,..");
  add("log-level", "trace, debug, info, warning, error or off", cxxopts::value<std::string>(), "LEVEL");
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
  add("check", "compute every frame here too, and compare");
}

/// Levels of spdlog by the names of the config; anything else is an Error.
spdlog::level::level_enum parse_level(const std::string& name) {
  const spdlog::level::level_enum level = spdlog::level::from_str(name);
  if (level == spdlog::level::off && name != "off") {
    throw Error(
        fmt::format("--log-level: unknown level '{}'; known: trace, debug, info, warning, error, off", name));
  }
  return level;
}

void set_up_log(const std::string& process, const std::string& level) {
  auto logger = spdlog::stderr_color_mt("edge");
  logger->set_pattern(fmt::format("%H:%M:%S.%e {} %^%l%$: %v", process));
  logger->set_level(parse_level(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
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

void apply_master_options(const cxxopts::ParseResult& parsed, Config& config) {
  if (parsed.count("video") != 0) config.video.source = parsed["video"].as<std::string>();
  if (parsed.count("frames") != 0) config.video.frames = parsed["frames"].as<std::uint64_t>();
  if (parsed.count("output") != 0) config.output.file = parsed["output"].as<std::string>();
  if (parsed.count("check") != 0) config.check = true;
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

int run_master_command(int argc, char** argv) {
  cxxopts::Options options("edge master", "Reads the video, plans, emits one JSON line per frame.");
  add_common_options(options);
  add_master_options(options);
  CommandLine line = parse(options, argc, argv, "master");
  apply_master_options(line.parsed, line.config);
  return Master(line.config).run();
}

int parse_index(const std::string& text) {
  std::size_t used = 0;
  int index = -1;
  try {
    index = std::stoi(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != text.size() || index < 0)
    throw Error(fmt::format("worker index '{}' is not a number from 0 on", text));
  return index;
}

int run_worker_command(int argc, char** argv) {
  if (argc > 1 && argv[1][0] == '-' && std::string(argv[1]) != "-h" && std::string(argv[1]) != "--help") {
    throw Error("say which worker this is: edge worker I [options], I counting from 0 in the config");
  }
  cxxopts::Options options("edge worker", "Runs its part of the network.");
  options.positional_help("I");
  add_common_options(options);
  add_worker_options(options);
  options.add_options("internal")("listening-descriptor", "inherited socket", cxxopts::value<int>(), "FD");
  options.add_options()("index", "which worker this is, counting from 0", cxxopts::value<std::string>(), "I");
  options.parse_positional({"index"});
  const std::string process = argc > 1 ? fmt::format("worker {}", argv[1]) : "worker";
  const CommandLine line = parse(options, argc, argv, process);
  if (line.parsed.count("index") == 0) {
    throw Error("say which worker this is: edge worker I [options], I counting from 0 in the config");
  }
  WorkerOptions worker{.index = parse_index(line.parsed["index"].as<std::string>()),
                       .reprofile = line.parsed.count("reprofile") != 0};
  if (line.parsed.count("listening-descriptor") != 0) {
    worker.listening_descriptor = line.parsed["listening-descriptor"].as<int>();
  }
  return Worker(line.config, worker).run();
}

int run_local_command(int argc, char** argv) {
  cxxopts::Options options("edge local", "The whole chain on this machine, every role a process of its own.");
  add_common_options(options);
  add_worker_options(options);
  add_master_options(options);
  const CommandLine line = parse(options, argc, argv, "local");
  LocalOptions local;
  for (const auto& argument : line.parsed.arguments()) {
    const std::string& key = argument.key();
    if (key == "addresses") throw Error("--addresses: edge local takes free ports by itself");
    auto& list = key == "reprofile" ? local.passed_to_workers
                 : key == "video" || key == "frames" || key == "output" || key == "check"
                     ? local.passed_to_master
                     : local.passed_on;
    const bool flag = key == "reprofile" || key == "check";
    list.push_back(flag ? fmt::format("--{}", key) : fmt::format("--{}={}", key, argument.value()));
  }
  return run_local(line.config, local);
}

int run_plan_command(int argc, char** argv) {
  cxxopts::Options options("edge plan",
                           "What if? Reads costs, prints the plan and when its group is finished as JSON.");
  auto add = options.add_options();
  add("costs", "costs of layers, devices and links (docs/scheduling.md)", cxxopts::value<std::string>(),
      "FILE");
  add("scheduler", "who plans", cxxopts::value<std::string>()->default_value("data_aware"), "NAME");
  add("side", "one_side: edge or cloud", cxxopts::value<std::string>()->default_value("edge"), "SIDE");
  add("plan", "fixed: [[first, last], ..], one per worker", cxxopts::value<std::string>(), "PLAN");
  add("explain", "tell on stderr what each worker does, and why the runner-up lost");
  add("simulate", "run so many frames by the plan: fps and latency", cxxopts::value<std::size_t>(), "N");
  add("pending", "simulate: frames in flight", cxxopts::value<std::size_t>()->default_value("3"), "N");
  add("h,help", "this help");
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    fmt::print("{}", options.help({""}));
    return 0;
  }
  if (!parsed.unmatched().empty())
    throw Error(fmt::format("unexpected argument '{}'", parsed.unmatched().front()));
  if (parsed.count("costs") == 0) throw Error("--costs FILE is missing; docs/scheduling.md has the format");
  plan::PlanOptions what_if{.costs = parsed["costs"].as<std::string>(),
                            .scheduler = parsed["scheduler"].as<std::string>(),
                            .side = parsed["side"].as<std::string>(),
                            .explain = parsed.count("explain") != 0,
                            .pending = parsed["pending"].as<std::size_t>()};
  if (parsed.count("plan") != 0) {
    what_if.plan = parsed["plan"].as<std::string>();
  }
  if (parsed.count("simulate") != 0) what_if.simulated_frames = parsed["simulate"].as<std::size_t>();
  const plan::PlanAnswer answer = plan::answer_plan(what_if);
  fmt::print("{}", answer.json);
  std::fflush(stdout);
  fmt::print(stderr, "{}", answer.explanation);
  return 0;
}

int run_version_command() {
  fmt::print("edge {}\ninstruction set: {}\nCPU: {}\n", software_version(),
             kernels::isa_name(kernels::active_isa()), kernels::cpu_model());
  return 0;
}

int run(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "master") return run_master_command(argc - 1, argv + 1);
  if (command == "worker") return run_worker_command(argc - 1, argv + 1);
  if (command == "local") return run_local_command(argc - 1, argv + 1);
  if (command == "plan") return run_plan_command(argc - 1, argv + 1);
  if (command == "version" || command == "--version") return run_version_command();
  if (command == "help" || command == "--help" || command == "-h") {
    fmt::print("{}", usage);
    return 0;
  }
  fmt::print(stderr, "{}{}", command.empty() ? "" : fmt::format("edge: unknown command '{}'\n\n", command),
             usage);
  return exit_bad_usage;
}

}  // namespace
}  // namespace edge

int main(int argc, char** argv) {
  try {
    return edge::run(argc, argv);
  } catch (const cxxopts::exceptions::exception& error) {
    fmt::print(stderr, "edge: {}\n", error.what());
    return edge::exit_bad_usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "edge: {}\n", error.what());
    return 1;
  }
}
