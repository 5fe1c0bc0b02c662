// edge version
#include "roles/version.h"

#include <fmt/format.h>

#include "kernels/cpu.h"
#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/standard_output.h"

namespace edge::commands {
namespace {

int run_version(const Arguments&) {
  write_standard_output(fmt::format("edge {}\ninstruction set: {}\nCPU: {}\n", software_version(),
                                    kernels::isa_name(kernels::active_isa()), kernels::cpu_model()));
  return 0;
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .operands = "",
          .summary = "version, instruction set, CPU",
          .details = "",
          .options = {},
          .examples = {},
          .exit_statuses = {},
          .run = run_version};
}

}  // namespace edge::commands
