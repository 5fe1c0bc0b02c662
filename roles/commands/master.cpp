// edge master
#include "roles/master/master.h"

#include "roles/commands/command_line.h"
#include "roles/commands/commands.h"

namespace edge::commands {
namespace {

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

}  // namespace

int run_master(int argc, char** argv) {
  cxxopts::Options options("edge master", "Reads the video, plans, emits one JSON line per frame.");
  add_common_options(options);
  add_master_options(options);
  CommandLine line = parse(options, argc, argv, "master");
  apply_master_options(line.parsed, line.config);
  return Master(line.config,
                {.trace = trace_file(line.parsed),
                 .costs = line.parsed.count("costs") != 0 ? line.parsed["costs"].as<std::string>() : "",
                 .gantt = line.parsed.count("gantt") != 0})
      .run();
}

}  // namespace edge::commands
