#include "roles/report/object_json.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "roles/report/json_values.h"

namespace edge {

using Json = nlohmann::ordered_json;

Json object_json(const detection::Detection& object, const Labels* labels) {
  const std::string_view name = labels != nullptr && object.class_index >= 0
                                    ? labels->name(static_cast<std::size_t>(object.class_index))
                                    : std::string_view();
  const detection::Box& box = object.box;
  Json json;
  json["class"] = name.empty() ? Json() : Json(name);
  json["index"] = object.class_index;
  json["score"] = shortest(object.score);
  json["box"] = {shortest(box.left), shortest(box.top), shortest(box.right), shortest(box.bottom)};
  return json;
}

}  // namespace edge
