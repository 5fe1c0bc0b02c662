// edge local
#include "roles/local/local.h"

#include <fmt/format.h>

#include "engine/error.h"
#include "roles/commands/command_line.h"
#include "roles/commands/commands.h"

namespace edge::commands {
int run_local(int argc, char** argv) {
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
    auto& list = key == "reprofile" ? local.passed_to_workers
                 : flag || key == "video" || key == "frames" || key == "output" || key == "costs"
                     ? local.passed_to_master
                     : local.passed_on;
    list.push_back(flag ? fmt::format("--{}", key) : fmt::format("--{}={}", key, argument.value()));
    if (key == "video") local.video = argument.value();
  }
  return edge::run_local(line.config, local);
}

}  // namespace edge::commands
