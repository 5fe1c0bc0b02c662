// edge trainer
#include "roles/trainer/trainer.h"

#include "roles/commands/command_line.h"
#include "roles/commands/commands.h"

namespace edge::commands {
int run_trainer(int argc, char** argv) {
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

}  // namespace edge::commands
