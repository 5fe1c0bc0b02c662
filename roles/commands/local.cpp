// edge local
#include "roles/local/local.h"

#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "engine/output_file.h"
#include "roles/commands/arguments.h"
#include "roles/commands/change_options.h"
#include "roles/commands/commands.h"
#include "roles/commands/role_options.h"
#include "roles/config/preprocessing.h"
#include "roles/drawing/object_pictures.h"
#include "roles/security.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

bool is_in(const std::vector<Option>& options, std::string_view name) {
  for (const Option& option : options) {
    if (option.name == name) return true;
  }
  return false;
}

/// What --decoder, the master's, says of pictures is news to all who see some.
void pass_on_fit(const Arguments& arguments, const Config& config, LocalOptions& local) {
  const std::optional<Fit> fit = config.model.preprocessing.fit;
  if (!arguments.has("decoder") || arguments.has("fit") || !fit) return;
  local.passed_on.push_back("--fit=" + fit_names()[static_cast<std::size_t>(*fit)]);
}

/// A pipe is left alone: whoever reads it would take it for closed.
void probe(const std::string& file) {
  std::error_code ignored;
  if (file == "-" || std::filesystem::is_other(std::filesystem::status(file, ignored))) return;
  const OutputFile tried(file);
}

/// What the master would find out when all processes are there.
void check_outputs(const Arguments& arguments, const Config& config) {
  if (const auto file = arguments.text("output")) {
    probe(*file);
  } else {
    at_key(config.output.where, "file", [&] { probe(config.output.file); });
  }
  for (const char* option : {"costs", "truth"}) {
    if (const auto file = arguments.text(option)) probe(*file);
  }
  if (const auto directory = arguments.text("draw")) drawing::check_pictures(*directory);
}

int run_local(const Arguments& arguments) {
  Config config = configure(arguments, "local");
  // Wrong ones are told before there are processes.
  apply_hold(arguments, config.video.hold);
  apply_keep(arguments, config.engine);
  apply_values(arguments, config.net);
  use_secret(config.net);  // what every process would find out
  LocalOptions local;
  local.trace = trace_file(arguments);
  for (const GivenOption& given : arguments.options()) {
    if (given.name == "addresses" || given.name == "trainer") {
      throw UsageError(fmt::format("--{}: edge local takes free ports by itself", given.name));
    }
    if (given.name == "trace") continue;
    const std::string option =
        given.is_flag ? fmt::format("--{}", given.name) : fmt::format("--{}={}", given.name, given.value);
    const bool for_workers = is_in(worker_options(), given.name);
    const bool for_master = is_in(master_options(), given.name);
    if (for_workers) local.passed_to_workers.push_back(option);
    if (for_master) local.passed_to_master.push_back(option);
    if (is_in(hold_options(), given.name)) local.passed_to_trainer.push_back(option);
    if (!for_workers && !for_master) local.passed_on.push_back(option);
    if (given.name == "video") local.video = given.value;
  }
  pass_on_fit(arguments, config, local);
  check_outputs(arguments, config);
  return edge::run_local(config, local);
}

}  // namespace

Command local_command() {
  return {.name = "local",
          .operands = "",
          .summary = "the whole chain of config.toml on this machine, as processes, over TCP",
          .details = "README.md",
          .options = joined(joined(common_options(), worker_options()), master_options()),
          .examples = {{"edge local -c config.toml --frames 48", "try a configuration without devices"},
                       {"edge local --frames 48 --draw seen", "pictures with boxes: seen/000000.jpg ..."}},
          .exit_statuses = statuses_of_a_run(),
          .run = run_local};
}

}  // namespace edge::commands
