#include "roles/report/truth_line.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "roles/report/json_values.h"

namespace edge {

using Json = nlohmann::ordered_json;

std::string truth_line(std::uint64_t frame, std::span<const SceneObject> objects) {
  Json line;
  line["schema"] = output_schema;
  line["frame"] = frame;
  Json& list = line["objects"] = Json::array();
  for (const SceneObject& object : objects) {
    Json entry;
    entry["class"] = scene_classes.at(static_cast<std::size_t>(object.class_index));
    entry["index"] = object.class_index;
    entry["visible"] = std::round(object.visible * 1e3) / 1e3;
    entry["box"] = {object.left, object.top, object.right, object.bottom};
    list.push_back(std::move(entry));
  }
  return line.dump();
}

}  // namespace edge
