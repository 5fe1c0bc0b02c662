#include "roles/commands/detection_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "roles/config/detection_table.h"
#include "roles/config/quote.h"
#include "roles/detection/decoder.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

std::optional<float> share(const Arguments& arguments, std::string_view option) {
  const std::optional<double> value = arguments.real(option, 0, 1);
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

std::string decoder_of(const std::string& name) {
  std::vector<std::string> known = detection::decoder_names();
  known.insert(known.begin(), {"auto", "none"});
  if (std::find(known.begin(), known.end(), name) != known.end()) return name;
  throw UsageError(
      fmt::format("--decoder: unknown decoder {}; known: {}", in_quotes(name), fmt::join(known, ", ")));
}

}  // namespace

std::vector<Option> detection_options() {
  return {{.name = "decoder",
           .value = "NAME",
           .help = "what makes objects of the outputs: auto, none, street, yolov5, yolov8, yolox, nanodet, "
                   "ssd, blazeface (auto)"},
          {.name = "threshold", .value = "X", .help = "least score of objects; default: the decoder's"},
          {.name = "nms",
           .value = "X",
           .help = "most overlap (IoU) of two objects of a class; default: the decoder's"},
          {.name = "classes", .value = "A,B,..", .help = "only objects of these: names or numbers"}};
}

Option draw_option() {
  return {.name = "draw",
          .value = "DIR",
          .help = "write every picture with its objects to this directory as FRAME.jpg"};
}

void apply_detection(const Arguments& arguments, DetectionConfig& detection) {
  for (const char* key : {"decoder", "threshold", "nms", "classes"}) {
    if (arguments.has(key)) detection.where[key] = fmt::format("--{}", key);
  }
  if (const auto decoder = arguments.text("decoder")) detection.decoder = decoder_of(*decoder);
  if (const auto threshold = share(arguments, "threshold")) detection.threshold = threshold;
  if (const auto nms = share(arguments, "nms")) detection.nms = nms;
  if (!arguments.has("classes")) return;
  detection.classes.clear();
  of_option([&] {
    for (const std::string& name : arguments.list("classes"))
      detection.classes.push_back(parse_class(name, "--classes"));
  });
}

}  // namespace edge::commands
