// edge trainer
#include "roles/trainer/trainer.h"

#include <optional>

#include "engine/output_file.h"
#include "roles/commands/arguments.h"
#include "roles/commands/change_options.h"
#include "roles/commands/commands.h"
#include "roles/commands/role_options.h"
#include "roles/security.h"

namespace edge::commands {
namespace {

int run_trainer(const Arguments& arguments) {
  Config config = configure(arguments, "trainer");
  use_secret(config.net);
  if (const auto source = arguments.text("video")) {
    config.trainer.source = *source;
    config.trainer.where.erase("source");
  }
  apply_hold(arguments, config.video.hold);
  std::optional<OutputFile> report;
  if (const auto file = arguments.text("report")) report.emplace(*file);
  std::optional<OutputFile> statistics;
  if (const auto file = arguments.text("statistics")) statistics.emplace(*file);
  TrainerOptions trainer{.retrain = arguments.has("retrain"),
                         .report = report ? &*report : nullptr,
                         .trace = trace_file(arguments),
                         .statistics = statistics ? &*statistics : nullptr};
  if (const auto descriptor = arguments.number("listening-descriptor", 0, INT32_MAX)) {
    trainer.listening_descriptor = static_cast<int>(*descriptor);
  }
  return Trainer(config, trainer).run();
}

}  // namespace

Command trainer_command() {
  return {.name = "trainer",
          .operands = "",
          .summary = "learns from the video how changes spread through the network, for the master's plans",
          .details = "docs/prediction.md",
          .options = joined(
              joined(common_options(), hold_options()),
              {{.name = "video", .value = "SOURCE", .help = "video source, instead of the config's"},
               {.name = "retrain", .value = "", .help = "learn again, although the cache has the predictors"},
               {.name = "report",
                .value = "FILE",
                .help = "judge by further frames: a page of charts, a table on stdout; then end"},
               {.name = "listening-descriptor", .value = "FD", .help = "inherited socket", .in_help = false},
               {.name = "statistics",
                .value = "FILE",
                .help = "with --report: its numbers as JSON",
                .in_help = false}}),
          .examples = {{"edge trainer -c config.toml", "beside the master, on any device"},
                       {"edge trainer -c config.toml --report report.html", "how good are the predictions?"}},
          .exit_statuses = statuses_of_a_service(),
          .run = run_trainer};
}

}  // namespace edge::commands
