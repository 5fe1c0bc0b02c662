// edge convert
#include "roles/convert.h"

#include <fmt/format.h>

#include <cxxopts.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/error.h"
#include "roles/commands/command_line.h"
#include "roles/commands/commands.h"

namespace edge::commands {
int run_convert(int argc, char** argv) {
  cxxopts::Options options(
      "edge convert", "Writes weights as safetensors, which are used without copying (docs/weights.md).");
  auto add = options.add_options();
  options.positional_help("IN OUT");
  add("dtype", "f32, f16 or bf16", cxxopts::value<std::string>()->default_value("f32"), "TYPE");
  std::optional<FileCommandLine> line = parse_files(options, argc, argv);
  if (!line) return 0;
  const std::vector<std::string>& files = line->files;
  if (files.size() != 2) throw Error("say what to convert: edge convert weights.pth weights.safetensors");
  const FloatFormat format = parse_float_format(line->parsed["dtype"].as<std::string>());
  fmt::print("{}\n", convert_weights(files[0], files[1], format));
  return 0;
}

}  // namespace edge::commands
