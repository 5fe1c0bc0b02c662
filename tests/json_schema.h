// Checks values against JSON Schemas, as far as docs/output.schema.json uses them.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>
#include <string>

namespace edge::test {

class JsonSchema {
 public:
  /// Throws if the file is not there, is no JSON, or uses a keyword that is not checked here: what is not
  /// checked must not look as if it were.
  explicit JsonSchema(const std::string& file) {
    std::ifstream stream(file);
    if (!stream) throw std::runtime_error(file + ": cannot be read");
    root_ = nlohmann::json::parse(stream);
    check_keywords(root_);
  }

  /// What is wrong with `value`, and where; empty if nothing is.
  std::string fault(const nlohmann::json& value) const { return fault(value, root_, "line"); }

 private:
  using Json = nlohmann::json;

  void check_keywords(const Json& schema) const {
    for (const auto& [key, value] : schema.items()) {
      if (key == "properties" || key == "$defs") {
        for (const Json& inner : value) check_keywords(inner);
      } else if (key == "items") {
        check_keywords(value);
      } else if (key == "oneOf") {
        for (const Json& inner : value) check_keywords(inner);
      } else if (key != "$schema" && key != "title" && key != "description" && key != "type" &&
                 key != "$ref" && key != "required" && key != "additionalProperties" && key != "const" &&
                 key != "enum" && key != "pattern" && key != "minimum" && key != "minItems" &&
                 key != "maxItems") {
        throw std::runtime_error("unknown keyword in the schema: " + key);
      }
    }
  }

  static bool has_type(const Json& value, const std::string& type) {
    return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
           (type == "string" && value.is_string()) || (type == "integer" && value.is_number_integer()) ||
           (type == "number" && value.is_number()) || (type == "null" && value.is_null()) ||
           (type == "boolean" && value.is_boolean());
  }

  std::string fault_of_scalar(const Json& value, const Json& schema, const std::string& where) const {
    if (schema.contains("type")) {
      const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
      bool fits = false;
      for (const Json& type : types) fits = fits || has_type(value, type);
      if (!fits) return fmt::format("{}: must be {}, is {}", where, types.dump(), value.dump());
    }
    if (schema.contains("const") && value != schema["const"]) return where + ": not the constant";
    if (schema.contains("enum")) {
      bool fits = false;
      for (const Json& allowed : schema["enum"]) fits = fits || value == allowed;
      if (!fits) return where + ": none of the allowed values";
    }
    if (schema.contains("pattern") && value.is_string() &&
        !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>()))) {
      return fmt::format("{}: {} does not match the pattern", where, value.dump());
    }
    if (schema.contains("minimum") && value.is_number() && value < schema["minimum"])
      return where + ": too small";
    return "";
  }

  std::string fault_of_object(const Json& value, const Json& schema, const std::string& where) const {
    for (const Json& key : schema.value("required", Json::array())) {
      if (!value.contains(key.get<std::string>())) return where + ": misses " + key.get<std::string>();
    }
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [key, inner] : value.items()) {
      if (!properties.contains(key)) {
        if (schema.value("additionalProperties", true)) continue;
        return fmt::format("{}: has the unknown key {}", where, key);
      }
      if (std::string wrong = fault(inner, properties[key], where + "." + key); !wrong.empty()) return wrong;
    }
    return "";
  }

  std::string fault_of_array(const Json& value, const Json& schema, const std::string& where) const {
    if (value.size() < schema.value("minItems", std::size_t{0})) return where + ": has too few entries";
    if (value.size() > schema.value("maxItems", value.size())) return where + ": has too many entries";
    if (!schema.contains("items")) return "";
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (std::string wrong = fault(value[i], schema["items"], fmt::format("{}[{}]", where, i));
          !wrong.empty())
        return wrong;
    }
    return "";
  }

  std::string fault(const Json& value, const Json& schema, const std::string& where) const {
    if (schema.contains("$ref")) {
      const std::string reference = schema["$ref"];
      return fault(value, root_.at(Json::json_pointer(reference.substr(1))), where);
    }
    if (schema.contains("oneOf")) {
      std::string wrong;
      int fitting = 0;
      for (const Json& choice : schema["oneOf"]) {
        const std::string why = fault(value, choice, where);
        if (why.empty()) ++fitting;
        wrong += (wrong.empty() ? "" : "; or ") + why;
      }
      return fitting == 1 ? "" : fmt::format("fits {} of the choices: {}", fitting, wrong);
    }
    if (std::string wrong = fault_of_scalar(value, schema, where); !wrong.empty()) return wrong;
    if (value.is_object()) return fault_of_object(value, schema, where);
    if (value.is_array()) return fault_of_array(value, schema, where);
    return "";
  }

  Json root_;
};

}  // namespace edge::test
