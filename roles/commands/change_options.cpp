#include "roles/commands/change_options.h"

#include <fmt/format.h>

#include <string>

#include "roles/config/engine_table.h"
#include "roles/config/quote.h"
#include "roles/usage_error.h"

namespace edge::commands {

std::vector<Option> hold_options() {
  return {{.name = "gate",
           .value = "G",
           .help = "take only blocks in which something moves by more than G of 255 steps (0: all), instead "
                   "of the config's"},
          {.name = "refresh",
           .value = "X",
           .help = "with a gate: every (1/X)th frame is taken whole (0: none), instead of the config's"}};
}

Option keep_option() {
  return {.name = "keep",
          .value = "MB",
          .help =
              "workers keep so much of their outputs, and compute only what changed (0: everything), "
              "or auto; instead of the config's"};
}

Option values_option() {
  return {.name = "values",
          .value = "FORMAT",
          .help = "tensors between workers: exact, float16 or int8, instead of the config's"};
}

void apply_hold(const Arguments& arguments, HoldOptions& hold) {
  hold.gate = static_cast<int>(arguments.number("gate", hold.gate, 0, 255));
  hold.refresh = arguments.real("refresh", 0, 1).value_or(hold.refresh);
}

void apply_keep(const Arguments& arguments, EngineConfig& engine) {
  if (const auto text = arguments.text("keep")) {
    engine.keep_bytes = of_option([&] { return parse_keep(*text, "--keep"); });
  }
}

void apply_values(const Arguments& arguments, NetConfig& net) {
  const auto text = arguments.text("values");
  if (!text) return;
  const std::optional<ValueFormat> values = value_format_of(*text);
  if (!values) {
    throw UsageError(
        fmt::format("--values: must be {}, not {}", fmt::join(value_format_names, ", "), in_quotes(*text)));
  }
  net.values = *values;
}

}  // namespace edge::commands
