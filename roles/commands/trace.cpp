// edge trace merge
#include <fmt/format.h>

#include <cxxopts.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/error.h"
#include "roles/commands/command_line.h"
#include "roles/commands/commands.h"
#include "roles/trace/merge.h"

namespace edge::commands {
int run_trace(int argc, char** argv) {
  cxxopts::Options options("edge trace merge",
                           "The traces of several devices as one file, on the master's clock.");
  options.positional_help("FILE FILE ..");
  auto add = options.add_options();
  add("o,output", "where to (-: stdout)", cxxopts::value<std::string>()->default_value("-"), "FILE");
  std::optional<FileCommandLine> line = parse_files(options, argc, argv);
  if (!line) return 0;
  std::vector<std::string>& files = line->files;
  if (files.size() < 2 || files.front() != "merge")
    throw Error("say what to merge: edge trace merge master.json worker0.json .. -o all.json");
  files.erase(files.begin());
  edge::trace::merge_traces(files, line->parsed["output"].as<std::string>());
  return 0;
}

}  // namespace edge::commands
