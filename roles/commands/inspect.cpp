// edge inspect
#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>

#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/commands/model_option.h"
#include "roles/commands/preprocessing_options.h"
#include "roles/commands/role_options.h"
#include "roles/inspect/inspect_command.h"
#include "roles/standard_output.h"

namespace edge::commands {
namespace {

int run_inspect(const Arguments& arguments) {
  set_up_log("inspect", "info");
  std::optional<std::string> model = arguments.text("model");
  if (model) model = checked_model(*model);
  const inspect::InspectAnswer answer =
      inspect::answer_inspect({.config = arguments.text("config"),
                               .model = std::move(model),
                               .size = arguments.text("size"),
                               .features_only = arguments.has("features-only"),
                               .preprocessing = preprocessing_texts(arguments),
                               .transform_input = arguments.has("transform-input"),
                               .classes = arguments.number("classes", 1, inspect::max_classes),
                               .plan = arguments.text("plan"),
                               .result = arguments.text("result"),
                               .measure = arguments.has("measure"),
                               .threads = static_cast<int>(arguments.number("threads", 1, 1024).value_or(0)),
                               .html = arguments.text("html"),
                               .json = arguments.has("json")});
  write_standard_output(answer.output);
  fmt::print(stderr, "{}", answer.notes);
  return 0;
}

}  // namespace

Command inspect_command() {
  return {
      .name = "inspect",
      .operands = "",
      .summary = "layers, shapes and costs of a network, bytes at each cut; a drawing for the browser",
      .details = "docs/inspect.md",
      .options = joined(
          {{.name = "model", .value = "NAME", .help = "network, or FILE.onnx"},
           {.name = "size",
            .value = "ROWSxCOLUMNS",
            .help = "of a frame; default: as the network wants it, or 224x224"},
           {.name = "features-only", .value = "", .help = "stop after the convolutional part"},
           {.name = "classes", .value = "N", .help = "outputs of the classifier, instead of 1000"},
           {.name = "transform-input", .value = "", .help = "only googlenet, as in the config"},
           {.name = "config",
            .value = "FILE",
            .help = "network, size and plan of this configuration",
            .letter = 'c'},
           {.name = "plan", .value = "PLAN", .help = "parts to mark: [[first, last], ..], one per worker"},
           {.name = "result", .value = "FILE", .help = "mark the plan in the last of a master's JSON lines"},
           {.name = "measure", .value = "", .help = "measure each layer on this device"},
           {.name = "threads", .value = "N", .help = "to measure with; default: all cores"},
           {.name = "html", .value = "FILE", .help = "write a drawing, one file for any browser"},
           {.name = "json", .value = "", .help = "one JSON document instead of the table"}},
          preprocessing_options()),
      .examples = {{"edge inspect --model vgg16 --plan '[[1, 9], [10, 38]]'",
                    "what crosses the cut behind layer 9?"},
                   {"edge inspect -c config.toml --html network.html",
                    "the network of a config as a drawing"}},
      .exit_statuses = {},
      .run = run_inspect};
}

}  // namespace edge::commands
