// edge trace merge
#include <fmt/format.h>

#include <cxxopts.hpp>
#include <string>
#include <vector>

#include "engine/error.h"
#include "roles/commands/commands.h"
#include "roles/trace/merge.h"

namespace edge::commands {
int run_trace(int argc, char** argv) {
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
  edge::trace::merge_traces(files, parsed["output"].as<std::string>());
  return 0;
}

}  // namespace edge::commands
