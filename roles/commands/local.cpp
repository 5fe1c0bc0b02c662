// edge local
#include "roles/local/local.h"

#include <fmt/format.h>

#include <string_view>

#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/commands/role_options.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

bool is_in(const std::vector<Option>& options, std::string_view name) {
  for (const Option& option : options) {
    if (option.name == name) return true;
  }
  return false;
}

int run_local(const Arguments& arguments) {
  const Config config = configure(arguments, "local");
  LocalOptions local;
  local.trace = trace_file(arguments);
  for (const GivenOption& given : arguments.options()) {
    if (given.name == "addresses" || given.name == "trainer") {
      throw UsageError(fmt::format("--{}: edge local takes free ports by itself", given.name));
    }
    if (given.name == "trace") continue;
    std::vector<std::string>& list = is_in(worker_options(), given.name)   ? local.passed_to_workers
                                     : is_in(master_options(), given.name) ? local.passed_to_master
                                                                           : local.passed_on;
    list.push_back(given.is_flag ? fmt::format("--{}", given.name)
                                 : fmt::format("--{}={}", given.name, given.value));
    if (given.name == "video") local.video = given.value;
  }
  return edge::run_local(config, local);
}

}  // namespace

Command local_command() {
  return {.name = "local",
          .operands = "",
          .summary = "the whole chain of config.toml on this machine, as processes, over TCP",
          .details = "README.md",
          .options = joined(joined(common_options(), worker_options()), master_options()),
          .examples = {{"edge local -c config.toml --frames 48", "try a configuration without devices"}},
          .exit_statuses = statuses_of_a_run(),
          .run = run_local};
}

}  // namespace edge::commands
