#include "roles/detection/decoder.h"

#include <fmt/format.h>

#include <array>

#include "engine/error.h"
#include "roles/detection/decoders/decoder_type.h"

namespace edge::detection {
namespace {

/// In the order in which "auto" tries them.
constexpr std::array types{&street_decoder, &blazeface_decoder, &ssd_decoder,  &nanodet_decoder,
                           &yolov5_decoder, &yolov8_decoder,    &yolox_decoder};
constexpr std::size_t most_listed = 8;

NetworkOutputs outputs_of(const Graph& graph) {
  const Shape& input = graph.layer(0).output_shape;
  NetworkOutputs outputs{.frame = {input[2], input[3]}, .shapes = {}};
  for (const LayerIndex layer : graph.outputs()) outputs.shapes.push_back(graph.layer(layer).output_shape);
  return outputs;
}

/// What the user could set instead.
std::string advice(const NetworkOutputs& outputs) {
  for (const Choice choice : {Choice::guessed, Choice::named}) {
    for (const DecoderType* type : types) {
      if (type->make(outputs, choice)) return fmt::format("they fit decoder = \"{}\"", type->name);
    }
  }
  return "export the network without postprocessing (docs/detection.md), or set decoder = \"none\"";
}

}  // namespace

const DecoderType* decoder_type(std::string_view name) {
  for (const DecoderType* type : types) {
    if (name == type->name) return type;
  }
  return nullptr;
}

std::vector<std::string> decoder_names() {
  std::vector<std::string> names;
  names.reserve(types.size());
  for (const DecoderType* type : types) names.emplace_back(type->name);
  return names;
}

std::string outputs_text(const Graph& graph) {
  const std::vector<LayerIndex> outputs = graph.outputs();
  std::string text;
  for (std::size_t i = 0; i < outputs.size() && i < most_listed; ++i) {
    const Layer& layer = graph.layer(outputs[i]);
    text += fmt::format("{}{} {}", i > 0 ? ", " : "", layer.name, layer.output_shape.to_string());
  }
  if (outputs.size() > most_listed) text += fmt::format(" and {} more", outputs.size() - most_listed);
  return text;
}

std::string possible_decoder(const Graph& graph) {
  const NetworkOutputs outputs = outputs_of(graph);
  for (const DecoderType* type : types) {
    if (type != &street_decoder && type->make(outputs, Choice::named)) return std::string(type->name);
  }
  return "";
}

std::unique_ptr<const Decoder> make_decoder(const std::string& name, const Graph& graph) {
  if (name == "none") return nullptr;
  const NetworkOutputs outputs = outputs_of(graph);
  for (const DecoderType* type : types) {
    if (name != "auto" && name != type->name) continue;
    auto decoder = type->make(outputs, name == "auto" ? Choice::guessed : Choice::named);
    if (decoder) return decoder;
    if (name == "auto") continue;
    throw Error(fmt::format("decoder = \"{}\" reads {} from frames of {}x{}, but {} has {}: {}", name,
                            type->wanted(outputs.frame), outputs.frame.rows, outputs.frame.columns,
                            graph.name(), outputs_text(graph), advice(outputs)));
  }
  if (name == "auto") return nullptr;
  throw Error(fmt::format("decoder = \"{}\": no such decoder; auto, none, {}", name,
                          fmt::join(decoder_names(), ", ")));
}

}  // namespace edge::detection
