// edge infer
#include "roles/infer/infer.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/commands/detection_options.h"
#include "roles/commands/model_option.h"
#include "roles/commands/preprocessing_options.h"
#include "roles/commands/role_options.h"
#include "roles/config/engine_table.h"
#include "roles/config/model_values.h"
#include "roles/infer/process.h"
#include "roles/keep_memory.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

std::string required(const Arguments& arguments, std::string_view option, std::string_view what) {
  std::optional<std::string> text = arguments.text(option);
  if (!text) throw UsageError(fmt::format("--{} is missing: {}", option, what));
  return *std::move(text);
}

edge::infer::Options options_of(const Arguments& arguments) {
  edge::infer::Options options;
  ModelConfig& model = options.model;
  model.name = checked_model(required(arguments, "model", "a network's name, for example resnet18"));
  model.weights = arguments.text("weights", "");
  model.labels = arguments.text("labels", "");
  model.seed = static_cast<std::uint64_t>(arguments.number("seed", 1, 0, INT64_MAX));
  model.features_only = arguments.has("features-only");
  model.transform_input = arguments.has("transform-input");
  model.fold_batch_norms = !arguments.has("unfolded");
  of_option([&] {
    apply(preprocessing_texts(arguments), model.preprocessing);
    if (const auto text = arguments.text("size")) options.size = parse_frame_size(*text, "--size");
    if (const auto text = arguments.text("layers")) options.layers = edge::infer::parse_layers(*text);
  });
  options.input = required(arguments, "input", "a frame (.npy), an image or a video");
  options.output = arguments.text("output", "");
  options.dump = arguments.text("dump", "");
  apply_detection(arguments, options.detection);
  options.draw = arguments.text("draw", "");
  options.hold.gate = static_cast<int>(arguments.number("gate", 0, 0, 255));
  if (const auto text = arguments.text("keep")) {
    const auto keep_bytes = of_option([&] { return parse_keep(*text, "--keep"); });
    options.keep_bytes = resolve_keep_bytes(keep_bytes);
    options.keeps_automatically = !keep_bytes;
  }
  options.threads = static_cast<int>(arguments.number("threads", 1, 1024).value_or(0));
  options.repeat = static_cast<int>(arguments.number("repeat", 1, 1, 1'000'000));
  options.top = static_cast<int>(arguments.number("top", 5, 0, 1'000'000));
  options.frames = static_cast<std::uint64_t>(arguments.number("frames", 1, 0, INT64_MAX));
  return options;
}

int run_infer(const Arguments& arguments) {
  edge::infer::seconds_since_start();
  set_up_log("infer", "info");
  edge::infer::run(options_of(arguments));
  return 0;
}

}  // namespace

Command infer_command() {
  return {
      .name = "infer",
      .operands = "",
      .summary = "a frame through a network, or some of its layers, in this process; .npy in and out",
      .details = "docs/infer.md",
      .options = joined(
          {{.name = "model", .value = "NAME", .help = "network, or FILE.onnx"},
           {.name = "weights",
            .value = "FILE",
            .help = ".pth or .safetensors; default: its own, or random ones"},
           {.name = "labels",
            .value = "FILE",
            .help = "names of the classes, one per line; default: its own, or ImageNet's"},
           {.name = "seed", .value = "N", .help = "of random weights (1)"},
           {.name = "features-only", .value = "", .help = "stop after the convolutional part"},
           {.name = "transform-input",
            .value = "",
            .help = "googlenet: scale channels as torchvision does with pretrained weights"},
           {.name = "input",
            .value = "X",
            .help = "frame (1x3xROWSxCOLUMNS .npy in [0, 1]), image or video; with --layers A-B, A > 1: "
                    "the .npy, or directory of .npy, in front of layer A"},
           {.name = "size",
            .value = "ROWSxCOLUMNS",
            .help = "of frames; default: as the network wants it, or 224x224"},
           {.name = "layers", .value = "A-B", .help = "only layers A to B, as plans count them"},
           {.name = "output",
            .value = "Y",
            .help = "the result as .npy; a directory if several tensors leave layer B"},
           {.name = "dump",
            .value = "DIR",
            .help = "write every layer's output to this directory as LAYER.npy"},
           {.name = "unfolded",
            .value = "",
            .help = "every module is a layer of its own, also batch norms, as in PyTorch"},
           {.name = "frames", .value = "N", .help = "so many frames of a video (1); 0: all"},
           {.name = "gate",
            .value = "G",
            .help = "of a video, take only what moved by more than G of 255 steps, as [video] gate (0: all)"},
           {.name = "keep",
            .value = "MB",
            .help = "keep so much of a frame's outputs, and compute only what changed (0: everything); "
                    "auto: a quarter of the memory that is available"},
           {.name = "repeat", .value = "N", .help = "timed runs of each frame (1)"},
           {.name = "top", .value = "N", .help = "so many of the best classes (5)"},
           {.name = "threads", .value = "N", .help = "default: all cores"}},
          joined(joined(detection_options(), {draw_option()}), preprocessing_options())),
      .examples =
          {{"edge infer --model resnet18 --weights resnet18.pth --normalize imagenet --input street.jpg",
            "what does it see?"},
           {"edge infer --model vgg16 --features-only --input x.npy --output y.npy --repeat 10",
            "how long does it take?"},
           {"edge infer --model street --input media/sample.mp4 --frames 0 --draw seen",
            "what is where? Detectors from files want pixels of their own: docs/onnx.md"}},
      .exit_statuses = {},
      .run = run_infer};
}

}  // namespace edge::commands
