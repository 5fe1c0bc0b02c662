// edge plan
#include <fmt/format.h>

#include <cstdio>
#include <cxxopts.hpp>
#include <string>
#include <vector>

#include "engine/error.h"
#include "roles/commands/commands.h"
#include "roles/plan/plan_command.h"

namespace edge::commands {
int run_plan(int argc, char** argv) {
  cxxopts::Options options("edge plan",
                           "What if? Reads costs, prints the plan and when its group is finished as JSON.");
  auto add = options.add_options();
  add("costs", "costs of layers, devices and links (docs/scheduling.md)", cxxopts::value<std::string>(),
      "FILE");
  add("scheduler", "who plans", cxxopts::value<std::string>()->default_value("data_aware"), "NAME");
  add("side", "one_side: edge or cloud", cxxopts::value<std::string>()->default_value("edge"), "SIDE");
  add("plan", "fixed: [[first, last], ..], one per worker", cxxopts::value<std::string>(), "PLAN");
  add("faster", "what if worker 1 were twice as fast?", cxxopts::value<std::vector<std::string>>(), "1=2x");
  add("link", "what if the link into worker 0 had so many bytes/s?",
      cxxopts::value<std::vector<std::string>>(), "0=12.5e6");
  add("explain", "tell on stderr what each worker does, and why the runner-up lost");
  add("simulate", "run so many frames by the plan: fps and latency", cxxopts::value<std::size_t>(), "N");
  add("pending", "simulate: frames in flight", cxxopts::value<std::size_t>()->default_value("3"), "N");
  add("h,help", "this help");
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    fmt::print("{}", options.help({""}));
    return 0;
  }
  if (!parsed.unmatched().empty())
    throw Error(fmt::format("unexpected argument '{}'", parsed.unmatched().front()));
  if (parsed.count("costs") == 0) throw Error("--costs FILE is missing; docs/scheduling.md has the format");
  edge::plan::PlanOptions what_if{.costs = parsed["costs"].as<std::string>(),
                                  .scheduler = parsed["scheduler"].as<std::string>(),
                                  .side = parsed["side"].as<std::string>(),
                                  .explain = parsed.count("explain") != 0,
                                  .pending = parsed["pending"].as<std::size_t>()};
  if (parsed.count("plan") != 0) {
    what_if.plan = parsed["plan"].as<std::string>();
  }
  if (parsed.count("faster") != 0) what_if.faster = parsed["faster"].as<std::vector<std::string>>();
  if (parsed.count("link") != 0) what_if.links = parsed["link"].as<std::vector<std::string>>();
  if (parsed.count("simulate") != 0) what_if.simulated_frames = parsed["simulate"].as<std::size_t>();
  const edge::plan::PlanAnswer answer = edge::plan::answer_plan(what_if);
  fmt::print("{}", answer.json);
  std::fflush(stdout);
  fmt::print(stderr, "{}", answer.explanation);
  return 0;
}

}  // namespace edge::commands
