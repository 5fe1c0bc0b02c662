// edge inspect
#include <fmt/format.h>

#include <cstdio>
#include <cxxopts.hpp>
#include <optional>
#include <string>

#include "engine/error.h"
#include "roles/commands/command_line.h"
#include "roles/commands/commands.h"
#include "roles/inspect/inspect_command.h"

namespace edge::commands {
namespace {

template <class T>
std::optional<T> given(const cxxopts::ParseResult& parsed, const std::string& option) {
  if (parsed.count(option) == 0) return std::nullopt;
  return parsed[option].as<T>();
}

}  // namespace

int run_inspect(int argc, char** argv) {
  cxxopts::Options options("edge inspect",
                           "What a network is made of, and what would cross each cut (docs/inspect.md).");
  auto add = options.add_options();
  add("model", "a network's name", cxxopts::value<std::string>(), "NAME");
  add("size", "of a frame, rows x columns; default 224x224", cxxopts::value<std::string>(), "ROWSxCOLUMNS");
  add("features-only", "stop after the convolutional part");
  add("classes", "outputs of the classifier, instead of 1000", cxxopts::value<std::int64_t>(), "N");
  add("normalize", "what the chain's config has: none or imagenet", cxxopts::value<std::string>(), "HOW");
  add("transform-input", "only googlenet, as in the config");
  add("c,config", "network, size and plan of this configuration", cxxopts::value<std::string>(), "FILE");
  add("plan", "parts to mark: [[first, last], ..], one per worker", cxxopts::value<std::string>(), "PLAN");
  add("result", "mark the plan in the last of a master's JSON lines", cxxopts::value<std::string>(), "FILE");
  add("measure", "measure each layer on this device");
  add("threads", "to measure with; default: all cores", cxxopts::value<int>(), "N");
  add("html", "write a drawing, one file for any browser", cxxopts::value<std::string>(), "FILE");
  add("json", "one JSON document instead of the table");
  add("h,help", "this help");
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    fmt::print("{}", options.help({""}));
    return 0;
  }
  if (!parsed.unmatched().empty())
    throw Error(fmt::format("unexpected argument '{}'", parsed.unmatched().front()));
  if (parsed.count("threads") != 0 && parsed["threads"].as<int>() < 1)
    throw Error("--threads: must be 1 to 1024");
  set_up_log("inspect", "info");

  const inspect::InspectAnswer answer =
      inspect::answer_inspect({.config = given<std::string>(parsed, "config"),
                               .model = given<std::string>(parsed, "model"),
                               .size = given<std::string>(parsed, "size"),
                               .features_only = parsed.count("features-only") != 0,
                               .normalize = given<std::string>(parsed, "normalize"),
                               .transform_input = parsed.count("transform-input") != 0,
                               .classes = given<std::int64_t>(parsed, "classes"),
                               .plan = given<std::string>(parsed, "plan"),
                               .result = given<std::string>(parsed, "result"),
                               .measure = parsed.count("measure") != 0,
                               .threads = given<int>(parsed, "threads").value_or(0),
                               .html = given<std::string>(parsed, "html"),
                               .json = parsed.count("json") != 0});
  fmt::print("{}", answer.output);
  std::fflush(stdout);
  fmt::print(stderr, "{}", answer.notes);
  return 0;
}

}  // namespace edge::commands
