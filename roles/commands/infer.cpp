// edge infer
#include "roles/infer/infer.h"

#include <fmt/format.h>

#include <cxxopts.hpp>
#include <optional>
#include <string>

#include "engine/error.h"
#include "roles/commands/command_line.h"
#include "roles/commands/commands.h"
#include "roles/config/model_values.h"
#include "roles/infer/process.h"

namespace edge::commands {
namespace {

std::string text_of(const cxxopts::ParseResult& parsed, const char* option) {
  if (parsed.count(option) == 0) return "";
  std::string text = parsed[option].as<std::string>();
  if (text.empty()) throw Error(fmt::format("--{}: must not be empty", option));
  return text;
}

std::string required(const cxxopts::ParseResult& parsed, const char* option, const char* what) {
  std::string text = text_of(parsed, option);
  if (text.empty()) throw Error(fmt::format("--{} is missing: {}", option, what));
  return text;
}

std::int64_t number_of(const cxxopts::ParseResult& parsed, const char* option, std::int64_t usual,
                       std::int64_t least, std::int64_t most) {
  if (parsed.count(option) == 0) return usual;
  const auto number = parsed[option].as<std::int64_t>();
  if (number < least || number > most) {
    throw Error(fmt::format("--{}: must be {} to {}, not {}", option, least, most, number));
  }
  return number;
}

edge::infer::Options options_of(const cxxopts::ParseResult& parsed) {
  edge::infer::Options options;
  ModelConfig& model = options.model;
  model.name = required(parsed, "model", "a network's name, for example resnet18");
  model.weights = text_of(parsed, "weights");
  model.labels = text_of(parsed, "labels");
  model.seed = static_cast<std::uint64_t>(number_of(parsed, "seed", 1, 0, INT64_MAX));
  model.features_only = parsed.count("features-only") != 0;
  model.transform_input = parsed.count("transform-input") != 0;
  model.fold_batch_norms = parsed.count("unfolded") == 0;
  if (const std::string text = text_of(parsed, "normalize"); !text.empty()) {
    model.normalize = parse_normalization(text, "--normalize");
  }
  if (const std::string text = text_of(parsed, "size"); !text.empty()) {
    options.size = parse_frame_size(text, "--size");
  }
  if (const std::string text = text_of(parsed, "layers"); !text.empty()) {
    options.layers = edge::infer::parse_layers(text);
  }
  options.input = required(parsed, "input", "a frame (.npy), an image or a video");
  options.output = text_of(parsed, "output");
  options.dump = text_of(parsed, "dump");
  options.threads = static_cast<int>(number_of(parsed, "threads", 0, 1, 1024));
  options.repeat = static_cast<int>(number_of(parsed, "repeat", 1, 1, 1'000'000));
  options.top = static_cast<int>(number_of(parsed, "top", 5, 0, 1'000'000));
  options.frames = static_cast<std::uint64_t>(number_of(parsed, "frames", 1, 0, INT64_MAX));
  return options;
}

}  // namespace

int run_infer(int argc, char** argv) {
  edge::infer::seconds_since_start();
  cxxopts::Options options(
      "edge infer",
      "One frame, or some, through a network or a part of it, in this process (docs/infer.md).\n");
  auto add = options.add_options();
  add("model", "network", cxxopts::value<std::string>(), "NAME");
  add("weights", ".pth or .safetensors; default: random ones", cxxopts::value<std::string>(), "FILE");
  add("labels", "names of the classes, one per line; default: ImageNet's, if they fit",
      cxxopts::value<std::string>(), "FILE");
  add("seed", "of random weights (1)", cxxopts::value<std::int64_t>(), "N");
  add("features-only", "stop after the convolutional part");
  add("normalize", "none or imagenet: what pretrained weights of torchvision expect",
      cxxopts::value<std::string>(), "NAME");
  add("transform-input", "googlenet: scale channels as torchvision does with pretrained weights");
  add("input",
      "frame (1x3xROWSxCOLUMNS .npy in [0, 1]), image or video; with --layers A-B, A > 1: the .npy, or "
      "directory of .npy, in front of layer A",
      cxxopts::value<std::string>(), "X");
  add("size", "images and videos are scaled to it, ROWSxCOLUMNS (224x224)", cxxopts::value<std::string>(),
      "SIZE");
  add("layers", "only layers A to B, as plans count them", cxxopts::value<std::string>(), "A-B");
  add("output", "the result as .npy; a directory if several tensors leave layer B",
      cxxopts::value<std::string>(), "Y");
  add("dump", "write every layer's output to this directory as LAYER.npy", cxxopts::value<std::string>(),
      "DIR");
  add("unfolded", "every module is a layer of its own, also batch norms, as in PyTorch");
  add("frames", "so many frames of a video (1); 0: all", cxxopts::value<std::int64_t>(), "N");
  add("repeat", "timed runs of each frame (1)", cxxopts::value<std::int64_t>(), "N");
  add("top", "so many of the best classes (5)", cxxopts::value<std::int64_t>(), "N");
  add("threads", "default: all cores", cxxopts::value<std::int64_t>(), "N");
  options.positional_help("");
  const std::optional<FileCommandLine> line = parse_files(options, argc, argv);
  if (!line) return 0;
  if (!line->files.empty()) {
    throw Error(fmt::format("unexpected argument '{}'; options begin with --", line->files.front()));
  }
  set_up_log("infer", "info");
  edge::infer::run(options_of(line->parsed));
  return 0;
}

}  // namespace edge::commands
