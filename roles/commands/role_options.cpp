#include "roles/commands/role_options.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "engine/output_file.h"
#include "kernels/cpu.h"
#include "roles/commands/detection_options.h"
#include "roles/commands/model_option.h"
#include "roles/commands/preprocessing_options.h"
#include "roles/config/detection_table.h"
#include "roles/config/quote.h"
#include "roles/model.h"
#include "roles/report/log_sink.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

constexpr std::int64_t most_threads = 1024;

/// Levels of spdlog by the names of the config.
spdlog::level::level_enum parse_level(const std::string& name) {
  const spdlog::level::level_enum level = spdlog::level::from_str(name);
  if (level == spdlog::level::off && name != "off") {
    throw UsageError(fmt::format(
        "--log-level: unknown level {}; known: trace, debug, info, warning, error, off", in_quotes(name)));
  }
  return level;
}

/// "10.0.0.7:7700,10.0.0.8:7700" for as many workers as the config has.
void apply_addresses(const std::vector<std::string>& addresses, Config& config) {
  if (addresses.size() != config.workers.size()) {
    throw UsageError(
        fmt::format("--addresses: {} addresses for {} workers", addresses.size(), config.workers.size()));
  }
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    config.workers[i].address = of_option([&] { return Address::parse(addresses[i], "--addresses"); });
    config.workers[i].listen.reset();
  }
}

void apply(const Arguments& arguments, Config& config) {
  if (arguments.has("addresses")) apply_addresses(arguments.list("addresses"), config);
  if (const auto threads = arguments.number("threads", 1, most_threads)) {
    config.threads = static_cast<int>(*threads);
    for (WorkerConfig& worker : config.workers) worker.threads = config.threads;
  }
  if (arguments.has("model")) use_model(config.model, checked_model(arguments.text("model", "")));
  of_option([&] { edge::apply(preprocessing_texts(arguments), config.model.preprocessing); });
  apply_detection(arguments, config.detection);
  config.log_level = arguments.text("log-level", config.log_level);
}

}  // namespace

void set_up_log(const std::string& process, const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("edge", make_log_sink());
  logger->set_pattern(fmt::format("%H:%M:%S.%e {} %^%l%$: %v", process));
  logger->set_level(parse_level(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
}

std::vector<Option> common_options() {
  std::vector<Option> options{
      {.name = "config", .value = "FILE", .help = "configuration (config.toml)", .letter = 'c'},
      {.name = "model", .value = "NAME", .help = "network, or FILE.onnx, instead of the config's"},
      {.name = "threads", .value = "N", .help = "threads, instead of the config's"},
      {.name = "addresses",
       .value = "HOST:PORT,..",
       .help = "addresses of the workers, instead of the config's"},
      {.name = "log-level", .value = "LEVEL", .help = "trace, debug, info, warning, error or off"},
      {.name = "trace",
       .value = "FILE",
       .help = "write what was done when, as a Chrome trace (docs/trace.md)"},
  };
  return joined(std::move(options), preprocessing_options());
}

std::vector<Option> worker_options() {
  return {
      {.name = "reprofile", .value = "", .help = "measure layer costs again, although the cache has them"}};
}

std::vector<Option> master_options() {
  std::vector<Option> options{
      {.name = "video", .value = "SOURCE", .help = "video source, instead of the config's"},
      {.name = "frames", .value = "N", .help = "stop after so many frames (0: at the end of the video)"},
      {.name = "output",
       .value = "FILE",
       .help = "file for the JSON lines, added at its end (-: standard output)"},
      {.name = "overwrite", .value = "", .help = "empty the output file first"},
      {.name = "resume", .value = "", .help = "go on behind the last frame in the output file"},
      {.name = "costs",
       .value = "FILE",
       .help = "write what the run has measured, for edge plan (docs/scheduling.md)"},
      {.name = "truth",
       .value = "FILE",
       .help = "write what is to be found in a synthetic video, one JSON line per frame"},
      {.name = "check", .value = "", .help = "compute every frame here too, and compare"},
      {.name = "gantt", .value = "", .help = "draw when each device and link worked on the last frames"},
      {.name = "trainer", .value = "HOST:PORT", .help = "the trainer's address, or none", .in_help = false},
      draw_option(),
  };
  return joined(std::move(options), detection_options());
}

std::vector<Option> joined(std::vector<Option> first, const std::vector<Option>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<ExitStatus> statuses_of_a_run() {
  return {{"1", "failed, and one line on stderr says why; or --check found a frame whose result was wrong"},
          {"130, 143", "stopped by ^C (SIGINT), by SIGTERM"}};
}

std::vector<ExitStatus> statuses_of_a_service() {
  return {{"130, 143", "cut off: did not stop soon after ^C (SIGINT), SIGTERM; usually they give 0"}};
}

Config configure(const Arguments& arguments, const std::string& process) {
  Config config = load_config(arguments.text("config", "config.toml"));
  apply(arguments, config);
  set_up_log(process, config.log_level);
  kernels::active_isa();  // a CPU without the needed instructions is told here, in one line
  return config;
}

std::string trace_file(const Arguments& arguments) {
  std::string file = arguments.text("trace", "");
  if (file == "-") throw UsageError("--trace: name a file; the standard output is for results");
  if (!file.empty()) const OutputFile probe(file);
  return file;
}

}  // namespace edge::commands
