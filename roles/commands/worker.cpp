// edge worker
#include "roles/worker/worker.h"

#include <fmt/format.h>

#include "engine/error.h"
#include "roles/commands/command_line.h"
#include "roles/commands/commands.h"

namespace edge::commands {
namespace {

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

}  // namespace

int run_worker(int argc, char** argv) {
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

}  // namespace edge::commands
