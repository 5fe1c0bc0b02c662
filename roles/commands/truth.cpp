// edge truth
#include "roles/video/truth.h"

#include <fmt/format.h>

#include <cstdint>

#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/config/model_values.h"
#include "roles/report/truth_line.h"
#include "roles/standard_output.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

int run(const Arguments& arguments) {
  if (arguments.operands().size() != 1) {
    throw UsageError("say which scene: edge truth 'synthetic:street?frames=48'");
  }
  const Extent2d size =
      of_option([&] { return parse_frame_size(arguments.text("size", "480x720"), "--size"); });
  const Truth truth(arguments.operands().front(), size);
  const auto wanted = static_cast<std::uint64_t>(arguments.number("frames", 0, INT64_MAX).value_or(0));
  const std::uint64_t frames =
      wanted == 0 || (truth.frames() != 0 && truth.frames() < wanted) ? truth.frames() : wanted;
  if (frames == 0) throw UsageError("the scene has no end: say how many frames with --frames");
  for (std::uint64_t frame = 0; frame < frames; ++frame) {
    write_standard_output(truth_line(frame, truth.objects(frame)) + "\n");
  }
  return 0;
}

}  // namespace

Command truth_command() {
  return {.name = "truth",
          .operands = "SOURCE",
          .summary = "what is to be found in a synthetic scene, one JSON line per frame",
          .details = "docs/output.md",
          .options = {{.name = "frames", .value = "N", .help = "stop after so many frames (0: all)"},
                      {.name = "size", .value = "ROWSxCOLUMNS", .help = "of the frames (480x720)"}},
          .examples = {{"edge truth 'synthetic:street?seed=7' --frames 48", "where its cars and people are"}},
          .exit_statuses = {},
          .run = run};
}

}  // namespace edge::commands
