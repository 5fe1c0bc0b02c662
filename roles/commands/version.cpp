// edge version
#include "roles/version.h"

#include <fmt/format.h>

#include "kernels/cpu.h"
#include "roles/commands/commands.h"

namespace edge::commands {
int run_version() {
  fmt::print("edge {}\ninstruction set: {}\nCPU: {}\n", software_version(),
             kernels::isa_name(kernels::active_isa()), kernels::cpu_model());
  return 0;
}

}  // namespace edge::commands
