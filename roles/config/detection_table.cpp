#include "roles/config/detection_table.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "engine/error.h"
#include "roles/config/quote.h"
#include "roles/detection/decoder.h"

namespace edge {
namespace {

constexpr std::size_t most_classes = 1000;
constexpr std::int64_t largest_class = 1'000'000;

std::vector<std::string> decoder_choices() {
  std::vector<std::string> names = detection::decoder_names();
  names.insert(names.begin(), "auto");
  names.emplace_back("none");
  return names;
}

void read_share(const TomlReader& reader, std::string_view key, std::optional<float>& value) {
  if (!reader.has(key)) return;
  double number = 0;
  reader.read_number(key, number, 0, 1);
  value = static_cast<float>(number);
}

ClassChoice read_class(const TomlReader& reader, const toml::node& node, const std::string& path) {
  ClassChoice choice{.name = {}, .where = reader.where(node, path)};
  if (const auto* name = node.as_string()) {
    choice.name = name->get();
    if (choice.name.empty()) throw Error(choice.where + ": must not be empty");
  } else if (node.is_integer()) {
    choice.index = static_cast<int>(reader.integer(node, path, 0, largest_class));
  } else {
    throw Error(fmt::format("{}: expected a class, its name in quotes or its number, from 0", choice.where));
  }
  return choice;
}

}  // namespace

DetectionConfig read_detection(const TomlReader& reader) {
  DetectionConfig detection;
  detection.where = reader.places_of({"decoder", "threshold", "nms", "classes", "labels"});
  reader.read_choice("decoder", detection.decoder, decoder_choices());
  read_share(reader, "threshold", detection.threshold);
  read_share(reader, "nms", detection.nms);
  if (const toml::array* classes = reader.array("classes", "[class, class, ...]")) {
    if (classes->size() > most_classes) {
      throw Error(fmt::format("{}: {} classes; at most {} are allowed", reader.where("classes"),
                              classes->size(), most_classes));
    }
    for (const toml::node& node : *classes) {
      const std::string path = fmt::format("{}[{}]", reader.path("classes"), detection.classes.size());
      detection.classes.push_back(read_class(reader, node, path));
    }
  }
  reader.read_text("labels", detection.labels);
  return detection;
}

ClassChoice parse_class(const std::string& text, const std::string& where) {
  ClassChoice choice{.name = {}, .index = 0, .where = where};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), choice.index);
  if (end != text.data() + text.size()) {
    choice.index = 0;
    choice.name = text;
  } else if (error != std::errc() || choice.index < 0) {
    throw Error(fmt::format("{}: {} is no class", where, in_quotes(text)));
  }
  return choice;
}

}  // namespace edge
