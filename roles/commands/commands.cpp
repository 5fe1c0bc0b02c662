#include "roles/commands/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "roles/commands/arguments.h"
#include "roles/commands/help.h"
#include "roles/config/known_keys.h"
#include "roles/config/quote.h"
#include "roles/standard_output.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

/// "trace" and "trace merge" both find the command "trace merge".
const Command& find_command(std::span<const Command> commands, std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& command) {
    return command.name.substr(0, command.name.find(' ')) == name;
  });
  if (found != commands.end()) return *found;
  std::vector<std::string_view> names = {"help"};
  for (const Command& command : commands) names.push_back(command.name.substr(0, command.name.find(' ')));
  const std::string_view near = nearest_name(name, names);
  throw UsageError(fmt::format(
      "unknown command {}; {}", in_quotes(name),
      near.empty() ? std::string("`edge help` lists them") : fmt::format("did you mean {}?", near)));
}

/// Whether help is asked for, before anything else is looked at.
bool asks_for_help(std::span<const char* const> words) {
  for (const std::string_view word : words) {
    if (word == "--") return false;
    if (word == "-h" || word == "--help") return true;
  }
  return false;
}

}  // namespace

std::vector<Command> all_commands() {
  return {local_command(),   master_command(), worker_command(), trainer_command(),
          trace_command(),   plan_command(),   infer_command(),  inspect_command(),
          convert_command(), truth_command(),  secret_command(), version_command()};
}

int run_command_line(std::span<const char* const> words) {
  const std::vector<Command> commands = all_commands();
  if (words.empty()) throw UsageError("which command? `edge help` lists them");
  std::string_view name = words.front();
  words = words.subspan(1);
  if (name == "--version") name = "version";
  if (name == "help" || name == "--help" || name == "-h") {
    write_standard_output(words.empty() ? general_help(commands)
                                        : help_of(find_command(commands, words.front())));
    return 0;
  }
  const Command& command = find_command(commands, name);
  if (asks_for_help(words)) {
    write_standard_output(help_of(command));
    return 0;
  }
  return command.run(Arguments(command, words));
}

}  // namespace edge::commands
