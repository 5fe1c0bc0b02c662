#include "roles/infer/frame_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "kernels/cpu.h"
#include "roles/classify.h"
#include "roles/config/quote.h"
#include "roles/report/json_values.h"
#include "roles/report/object_counts.h"
#include "roles/report/object_json.h"

namespace edge::infer {
namespace {

using Json = nlohmann::ordered_json;

bool is_classified(const FrameLine& line) {
  return line.graph.outputs().size() == 1 && line.outputs.size() == 1 &&
         line.outputs.begin()->first == line.graph.output();
}

void add_outputs(Json& json, const FrameLine& line) {
  if (line.outputs.size() > 1) {
    Json& all = json["outputs"] = Json::array();
    for (const auto& [layer, tensor] : line.outputs) {
      all.push_back({{"name", line.graph.layer(layer).name},
                     {"shape", shape_json(tensor.shape())},
                     {"checksum", checksum_text(checksum(tensor))}});
    }
    return;
  }
  const Array& output = line.outputs.begin()->second;
  json["output_shape"] = shape_json(output.shape());
  json["checksum"] = checksum_text(checksum(output));
  if (line.objects != nullptr) return;
  json["top_k"] = top_k_json(top_classes(output, is_classified(line) ? line.top : 0), &line.labels);
}

std::string class_text(int index, const Labels& labels) {
  const std::string_view name = labels.name(static_cast<std::size_t>(std::max(index, 0)));
  return name.empty() ? fmt::format("class {}", index) : printable(name, 40);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string frame_line(const FrameLine& line) {
  const Shape& frame = line.graph.layer(0).output_shape;
  const std::vector<double>& runs = line.times.runs_ms;
  Json json;
  json["schema"] = output_schema;
  json["frame"] = line.frame;
  json["model"] = line.graph.name();
  json["input"] = {frame[2], frame[3]};
  json["layers"] = {line.layers.first, line.layers.second};
  json["threads"] = line.executor.threads();
  json["isa"] = kernels::isa_name(kernels::active_isa());
  json["ms"] = milliseconds_rounded(median(runs));
  json["min_ms"] = milliseconds_rounded(runs.empty() ? 0 : *std::min_element(runs.begin(), runs.end()));
  json["first_ms"] = milliseconds_rounded(line.times.first_ms);
  json["load_ms"] = milliseconds_rounded(line.times.load_ms);
  json["peak_bytes"] = line.peak_memory;
  json["parameter_bytes"] = line.executor.parameter_bytes();
  json["arena_bytes"] = line.executor.arena_bytes();
  if (line.keeps) {
    json["kept_bytes"] = line.executor.kept_bytes();
    json["computed"] = std::round(line.executor.computed().share() * 1e4) / 1e4;
  }
  add_outputs(json, line);
  if (line.objects != nullptr) json["objects"] = objects_json(*line.objects, line.labels);
  return json.dump();
}

std::string frame_text(const FrameLine& line) {
  constexpr std::size_t most_objects = 10;
  std::string text = fmt::format("frame {}: {:.1f} ms", line.frame, median(line.times.runs_ms));
  if (line.objects != nullptr) {
    text += fmt::format(", {}\n", object_counts(*line.objects, line.labels));
    for (std::size_t i = 0; i < std::min(most_objects, line.objects->size()); ++i) {
      const detection::Detection& object = (*line.objects)[i];
      const auto& [left, top, right, bottom] = object.box;
      text +=
          fmt::format("  {:<16} {:.2f}   {:.0f} {:.0f} {:.0f} {:.0f}\n",
                      class_text(object.class_index, line.labels), object.score, left, top, right, bottom);
    }
    if (line.objects->size() > most_objects)
      text += fmt::format("  and {} more\n", line.objects->size() - most_objects);
    return text;
  }
  const Array& output = line.outputs.begin()->second;
  const auto classes = top_classes(output, is_classified(line) ? line.top : 0);
  if (!classes.empty()) {
    text += '\n';
    for (const auto& [index, probability] : classes)
      text += fmt::format("  {:5.1f} %  {}\n", 100 * probability, class_text(index, line.labels));
    return text;
  }
  for (const auto& [layer, tensor] : line.outputs) {
    text += fmt::format(", {} {}, checksum {}", printable(line.graph.layer(layer).name, 60),
                        tensor.shape().to_string(), checksum_text(checksum(tensor)));
  }
  return text + '\n';
}

}  // namespace edge::infer
