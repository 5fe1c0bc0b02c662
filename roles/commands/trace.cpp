// edge trace merge
#include <string>
#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/commands/role_options.h"
#include "roles/trace/merge.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

int run_trace(const Arguments& arguments) {
  std::vector<std::string> files = arguments.operands();
  if (files.size() < 2 || files.front() != "merge") {
    throw UsageError("say what to merge: edge trace merge master.json worker0.json .. -o all.json");
  }
  files.erase(files.begin());
  set_up_log("trace", "info");
  edge::trace::merge_traces(files, arguments.text("output", "-"));
  return 0;
}

}  // namespace

Command trace_command() {
  return {.name = "trace merge",
          .operands = "FILE ..",
          .summary = "the traces of several devices as one, on the master's clock (--trace writes them)",
          .details = "docs/trace.md",
          .options =
              {{.name = "output", .value = "FILE", .help = "where to (-: standard output)", .letter = 'o'}},
          .examples = {{"edge trace merge master.json worker0.json worker1.json -o all.json",
                        "one file for ui.perfetto.dev"}},
          .exit_statuses = {},
          .run = run_trace};
}

}  // namespace edge::commands
