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
#include "roles/convert.h"
#include "roles/local/local.h"
#include "roles/master/master.h"
#include "roles/plan/plan_command.h"
#include "roles/trace/merge.h"
#include "roles/trainer/trainer.h"
#include "roles/version.h"
#include "roles/worker/worker.h"

namespace edge {
namespace {

constexpr const char* usage = R"(edge: CNN video analytics on a chain of devices

  edge local            the whole chain of config.toml on this machine, as processes, over TCP
  edge master           reads the video, plans, emits one JSON line per frame
  edge worker I         runs its part of the network; I counts from 0 in config.toml
  edge trainer          learns from the video how changes spread through the network, for the master's plans
  edge trace merge F..  the traces of several devices as one (--trace writes them)
  edge plan             what if? costs of devices and links in, plan out (JSON)
  edge convert IN OUT   weights to safetensors, from PyTorch's .pth or another safetensors
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
  add("check", "compute every frame here too, and compare");
  add("gantt", "draw when each device and link worked on the last frames");
  options.add_options("internal")("trainer", "the trainer's address, instead of the config's, or none",
                                  cxxopts::value<std::string>(), "HOST:PORT");
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
  if (parsed.count("trainer") != 0) {
    const auto& address = parsed["trainer"].as<std::string>();
    config.trainer.address.reset();
    if (address != "none") config.trainer.address = Address::parse(address, "--trainer");
  }
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

/// Empty: none.
std::string trace_file(const cxxopts::ParseResult& parsed) {
  return parsed.count("trace") != 0 ? parsed["trace"].as<std::string>() : "";
}

int run_master_command(int argc, char** argv) {
  cxxopts::Options options("edge master", "Reads the video, plans, emits one JSON line per frame.");
  add_common_options(options);
  add_master_options(options);
  CommandLine line = parse(options, argc, argv, "master");
  apply_master_options(line.parsed, line.config);
  return Master(line.config, {.trace = trace_file(line.parsed), .gantt = line.parsed.count("gantt") != 0})
      .run();
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
                       .trace = trace_file(line.parsed),
                       .reprofile = line.parsed.count("reprofile") != 0};
  if (line.parsed.count("listening-descriptor") != 0) {
    worker.listening_descriptor = line.parsed["listening-descriptor"].as<int>();
  }
  return Worker(line.config, worker).run();
}

int run_trainer_command(int argc, char** argv) {
  cxxopts::Options options(
      "edge trainer", "Learns from a video how changes spread through the network, and tells the master.");
  add_common_options(options);
  auto add = options.add_options();
  add("video", "video source, instead of the config's", cxxopts::value<std::string>(), "SOURCE");
  add("retrain", "learn again, although the cache has the predictors");
  add("report", "judge by further frames: a page of charts, a table on stdout; then end",
      cxxopts::value<std::string>(), "FILE");
  auto add_internal = options.add_options("internal");
  add_internal("listening-descriptor", "inherited socket", cxxopts::value<int>(), "FD");
  add_internal("statistics", "with --report: its numbers as JSON", cxxopts::value<std::string>(), "FILE");
  CommandLine line = parse(options, argc, argv, "trainer");
  if (line.parsed.count("video") != 0) line.config.trainer.source = line.parsed["video"].as<std::string>();
  TrainerOptions trainer{.retrain = line.parsed.count("retrain") != 0, .trace = trace_file(line.parsed)};
  if (line.parsed.count("report") != 0) trainer.report = line.parsed["report"].as<std::string>();
  if (line.parsed.count("statistics") != 0) trainer.statistics = line.parsed["statistics"].as<std::string>();
  if (line.parsed.count("listening-descriptor") != 0) {
    trainer.listening_descriptor = line.parsed["listening-descriptor"].as<int>();
  }
  return Trainer(line.config, trainer).run();
}

int run_local_command(int argc, char** argv) {
  cxxopts::Options options("edge local", "The whole chain on this machine, every role a process of its own.");
  add_common_options(options);
  add_worker_options(options);
  add_master_options(options);
  const CommandLine line = parse(options, argc, argv, "local");
  LocalOptions local;
  local.trace = trace_file(line.parsed);
  for (const auto& argument : line.parsed.arguments()) {
    const std::string& key = argument.key();
    if (key == "addresses" || key == "trainer")
      throw Error(fmt::format("--{}: edge local takes free ports by itself", key));
    if (key == "trace") continue;
    const bool flag = key == "reprofile" || key == "check" || key == "gantt";
    auto& list = key == "reprofile"                                             ? local.passed_to_workers
                 : flag || key == "video" || key == "frames" || key == "output" ? local.passed_to_master
                                                                                : local.passed_on;
    list.push_back(flag ? fmt::format("--{}", key) : fmt::format("--{}={}", key, argument.value()));
    if (key == "video") local.passed_to_trainer.push_back(list.back());
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

int run_convert_command(int argc, char** argv) {
  cxxopts::Options options(
      "edge convert", "Writes weights as safetensors, which are used without copying (docs/weights.md).");
  auto add = options.add_options();
  options.positional_help("IN OUT");
  add("dtype", "f32, f16 or bf16", cxxopts::value<std::string>()->default_value("f32"), "TYPE");
  add("h,help", "this help");
  options.add_options("internal")("files", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"files"});
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    fmt::print("{}", options.help({""}));
    return 0;
  }
  const auto files = parsed.count("files") != 0 ? parsed["files"].as<std::vector<std::string>>()
                                                : std::vector<std::string>{};
  if (files.size() != 2) throw Error("say what to convert: edge convert weights.pth weights.safetensors");
  const FloatFormat format = parse_float_format(parsed["dtype"].as<std::string>());
  fmt::print("{}\n", convert_weights(files[0], files[1], format));
  return 0;
}

int run_trace_command(int argc, char** argv) {
  cxxopts::Options options("edge trace merge",
                           "The traces of several devices as one file, on the master's clock.");
  options.positional_help("FILE FILE ..");
  auto add = options.add_options();
  add("o,output", "where to (-: stdout)", cxxopts::value<std::string>()->default_value("-"), "FILE");
  add("h,help", "this help");
  options.add_options("internal")("files", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"files"});
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    fmt::print("{}", options.help({""}));
    return 0;
  }
  auto files = parsed.count("files") != 0 ? parsed["files"].as<std::vector<std::string>>()
                                          : std::vector<std::string>{};
  if (files.size() < 2 || files.front() != "merge")
    throw Error("say what to merge: edge trace merge master.json worker0.json .. -o all.json");
  files.erase(files.begin());
  trace::merge_traces(files, parsed["output"].as<std::string>());
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
  if (command == "trainer") return run_trainer_command(argc - 1, argv + 1);
  if (command == "local") return run_local_command(argc - 1, argv + 1);
  if (command == "trace") return run_trace_command(argc - 1, argv + 1);
  if (command == "plan") return run_plan_command(argc - 1, argv + 1);
  if (command == "convert") return run_convert_command(argc - 1, argv + 1);
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
