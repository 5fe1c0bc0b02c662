// edge secret
#include "net/secret.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/standard_output.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

int run_secret(const Arguments& arguments) {
  if (arguments.operands().size() > 1) throw UsageError("name one file: edge secret [FILE]");
  const std::string file = arguments.operands().empty() ? "edge.secret" : arguments.operands().front();
  net::Secret::random().write_new(file);
  write_standard_output(fmt::format(
      "{}: copy it to all devices of the chain (scp -p), and write secret_file = \"{}\" under [net] in "
      "config.toml\n",
      file, std::filesystem::path(file).filename().string()));
  return 0;
}

}  // namespace

Command secret_command() {
  return {.name = "secret",
          .operands = "[FILE]",
          .summary = "makes the secret by which the devices of a chain know each other (edge.secret)",
          .details = "docs/security.md",
          .options = {},
          .examples = {{"edge secret", "a new file that only you can read; one that is there is kept"}},
          .exit_statuses = {},
          .run = run_secret};
}

}  // namespace edge::commands
