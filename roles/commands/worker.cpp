// edge worker
#include "roles/worker/worker.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "roles/commands/arguments.h"
#include "roles/commands/change_options.h"
#include "roles/commands/commands.h"
#include "roles/commands/role_options.h"
#include "roles/config/quote.h"
#include "roles/security.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

int parse_index(const std::string& text) {
  int index = -1;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, index);
  if (stop != end || error != std::errc{} || index < 0) {
    throw UsageError(fmt::format("worker index {} is not a number from 0 on", in_quotes(text)));
  }
  return index;
}

int run_worker(const Arguments& arguments) {
  if (arguments.operands().size() != 1) {
    throw UsageError("say which worker this is: edge worker I [options], I counting from 0 in the config");
  }
  WorkerOptions worker{.index = parse_index(arguments.operands().front()),
                       .trace = trace_file(arguments),
                       .reprofile = arguments.has("reprofile")};
  if (const auto descriptor = arguments.number("listening-descriptor", 0, INT32_MAX)) {
    worker.listening_descriptor = static_cast<int>(*descriptor);
  }
  Config config = configure(arguments, fmt::format("worker {}", worker.index));
  use_secret(config.net);
  apply_keep(arguments, config.engine);
  return Worker(config, worker).run();
}

}  // namespace

Command worker_command() {
  return {
      .name = "worker",
      .operands = "I",
      .summary = "runs its part of the network; I counts from 0 in config.toml",
      .details = "docs/setup.md",
      .options = joined(
          joined(common_options(), worker_options()),
          {{.name = "listening-descriptor", .value = "FD", .help = "inherited socket", .in_help = false}}),
      .examples = {{"edge worker 0 -c config.toml", "the first worker of the chain; ends with ^C"}},
      .exit_statuses = statuses_of_a_service(),
      .run = run_worker};
}

}  // namespace edge::commands
