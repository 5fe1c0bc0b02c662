// edge master
#include "roles/master/master.h"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <optional>
#include <string>

#include "engine/output_file.h"
#include "engine/printable.h"
#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/commands/role_options.h"
#include "roles/drawing/object_pictures.h"
#include "roles/master/resume.h"
#include "roles/security.h"
#include "roles/usage_error.h"
#include "roles/video/source_name.h"

namespace edge::commands {
namespace {

void apply_master_options(const Arguments& arguments, Config& config) {
  if (const auto source = arguments.text("video")) {
    config.video.source = *source;
    config.video.where.clear();
  }
  if (const auto frames = arguments.number("frames", 0, INT64_MAX)) {
    config.video.frames = static_cast<std::uint64_t>(*frames);
  }
  if (const auto file = arguments.text("output")) {
    config.output.file = *file;
    config.output.where.clear();
  }
  if (arguments.has("check")) config.check = true;
  if (const auto address = arguments.text("trainer")) {
    config.trainer.address.reset();
    if (*address != "none") {
      config.trainer.address = of_option([&] { return Address::parse(*address, "--trainer"); });
    }
  }
}

/// The first frame to be computed.
std::uint64_t first_frame(const Arguments& arguments, const Config& config) {
  if (!arguments.has("resume")) return 0;
  if (arguments.has("overwrite")) throw UsageError("--resume and --overwrite: give one of the two");
  if (config.output.file == "-")
    throw UsageError("--resume: name the file that holds the first frames with --output");
  if (config.video.realtime) {
    throw UsageError("--resume: with realtime frames are dropped, so there is no first one that is missing");
  }
  const std::uint64_t first = resume_behind(config.output.file, source_name(config.video.source));
  if (first > 0) {
    spdlog::info("{} has {} frames: goes on with frame {}", printable(config.output.file, 200), first, first);
  }
  return first;
}

int run_master(const Arguments& arguments) {
  Config config = configure(arguments, "master");
  apply_master_options(arguments, config);
  use_secret(config.net);
  warn_of_plain_calls(config);
  std::optional<OutputFile> costs;
  if (const auto file = arguments.text("costs")) costs.emplace(*file);
  std::optional<TruthOutput> truth;
  if (const auto file = arguments.text("truth")) truth.emplace(config, *file);
  const std::string draw = arguments.text("draw", "");
  if (!draw.empty()) drawing::check_pictures(draw);
  const Existing existing = arguments.has("overwrite") ? Existing::overwrite : Existing::keep;
  const std::uint64_t first = first_frame(arguments, config);
  std::optional<LineOutput> lines;
  at_key(config.output.where, "file", [&] { lines.emplace(config.output.file, existing); });
  return Master(config, {.lines = &*lines,
                         .trace = trace_file(arguments),
                         .truth = truth ? &*truth : nullptr,
                         .costs = costs ? &*costs : nullptr,
                         .draw = draw,
                         .gantt = arguments.has("gantt"),
                         .first_frame = first})
      .run();
}

}  // namespace

Command master_command() {
  return {.name = "master",
          .operands = "",
          .summary = "reads the video, plans, writes one JSON line per frame",
          .details = "docs/setup.md",
          .options = joined(common_options(), master_options()),
          .examples = {{"edge master -c config.toml --frames 100 --output results.jsonl",
                        "100 frames; their lines are added to the file, a table follows on stderr"},
                       {"edge master -c config.toml --video street.mp4 | jq .objects",
                        "another video; lines on stdout"},
                       {"edge master -c config.toml --draw seen", "pictures with boxes, too"}},
          .exit_statuses = statuses_of_a_run(),
          .run = run_master};
}

}  // namespace edge::commands
