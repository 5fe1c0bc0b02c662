// edge convert
#include "roles/convert.h"

#include <fmt/format.h>

#include <cxxopts.hpp>
#include <string>
#include <vector>

#include "engine/error.h"
#include "roles/commands/commands.h"

namespace edge::commands {
int run_convert(int argc, char** argv) {
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

}  // namespace edge::commands
