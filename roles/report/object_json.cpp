#include "roles/report/object_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

namespace edge {
namespace {

using Json = nlohmann::ordered_json;

double rounded(float value, double units) {
  return std::round(static_cast<double>(value) * units) / units;
}

}  // namespace

Json object_json(const detection::Detection& object, const Labels& labels) {
  const std::string_view name =
      object.class_index >= 0 ? labels.name(static_cast<std::size_t>(object.class_index)) : "";
  Json json;
  json["class"] = name.empty() ? Json() : Json(name);
  json["index"] = object.class_index;
  json["score"] = rounded(object.score, 1e4);
  json["box"] = Json::array();
  for (const float side : {object.box.left, object.box.top, object.box.right, object.box.bottom})
    json["box"].push_back(rounded(side, 1e2));
  return json;
}

Json objects_json(std::span<const detection::Detection> objects, const Labels& labels) {
  Json all = Json::array();
  for (const detection::Detection& object : objects) all.push_back(object_json(object, labels));
  return all;
}

}  // namespace edge
