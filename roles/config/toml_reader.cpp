// Typed, checked access to one table of a TOML file.
#include "roles/config/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <sstream>
#include <utility>

#include "engine/error.h"
#include "roles/config/known_keys.h"
#include "roles/config/quote.h"

namespace edge {
namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

}  // namespace

TomlReader::TomlReader(const toml::table& table, std::string_view table_name, std::string label,
                       std::filesystem::path file)
    : table_(table), label_(std::move(label)), file_(std::move(file)) {
  for (const auto& [key, node] : table_) {
    const std::string_view name = key.str();
    const auto tables = known_tables();
    const bool is_table = table_name.empty() && std::find(tables.begin(), tables.end(), name) != tables.end();
    if (is_table || is_known_key(table_name, name)) {
      continue;
    }
    const std::string place = table_name.empty() ? "" : fmt::format(" in [{}]", table_name);
    throw Error(fmt::format("{}:{}: unknown key {}{}; {}", file_.string(), key.source().begin.line,
                            in_quotes(name), place, key_advice(table_name, name)));
  }
}

std::string TomlReader::path(std::string_view key) const {
  return label_.empty() ? std::string(key) : fmt::format("{}.{}", label_, key);
}

KeyPlaces TomlReader::places_of(const std::vector<std::string>& keys) const {
  KeyPlaces places;
  for (const std::string& key : keys) {
    if (has(key)) places.emplace(key, where(key));
  }
  return places;
}

std::string TomlReader::where(std::string_view key) const {
  const toml::node* node = table_.get(key);
  return where(node != nullptr ? *node : table_, path(key));
}

std::string TomlReader::where(const toml::node& node, const std::string& path) const {
  const auto line = node.source().begin.line;
  return line == 0 ? fmt::format("{}: {}", file_.string(), path)
                   : fmt::format("{}:{}: {}", file_.string(), line, path);
}

void TomlReader::read_text(std::string_view key, std::string& value) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return;
  }
  const auto* text = node->as_string();
  if (text == nullptr) {
    throw Error(fmt::format("{}: expected a string in quotes, found {}", where(key), type_name(*node)));
  }
  if (text->get().empty()) {
    throw Error(fmt::format("{}: must not be empty; leave the key out for its default", where(key)));
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(text->get().begin(), text->get().end(), is_control)) {
    throw Error(fmt::format("{}: {} contains a control character", where(key), in_quotes(text->get())));
  }
  value = text->get();
}

void TomlReader::read_choice(std::string_view key, std::string& value,
                             const std::vector<std::string>& allowed) const {
  std::string text = value;
  read_text(key, text);
  if (has(key) && std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    const std::vector<std::string_view> names(allowed.begin(), allowed.end());
    const std::string_view near = nearest_name(text, names);
    const std::string advice = near.empty() ? "" : fmt::format("; did you mean '{}'?", near);
    throw Error(fmt::format("{}: expected one of {}, found {}{}", where(key), fmt::join(allowed, ", "),
                            in_quotes(text), advice));
  }
  value = std::move(text);
}

void TomlReader::read_boolean(std::string_view key, bool& value) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return;
  }
  const auto* boolean = node->as_boolean();
  if (boolean == nullptr) {
    throw Error(fmt::format("{}: expected true or false, found {}", where(key), type_name(*node)));
  }
  value = boolean->get();
}

void TomlReader::read_number(std::string_view key, double& value, double least, double most) const {
  assert(most <= 0x1p53 && least >= -0x1p53);  // every integer in between is exact
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return;
  }
  if (!node->is_number()) {
    throw Error(fmt::format("{}: expected a number from {} to {}, found {}", where(key), least, most,
                            type_name(*node)));
  }
  // Not node->value<double>(): that is nothing for integers beyond 2^53.
  const auto* const integer = node->as_integer();
  const double number =
      integer != nullptr ? static_cast<double>(integer->get()) : node->as_floating_point()->get();
  if (!(number >= least && number <= most)) {  // so that NaN fails
    const std::string found = integer != nullptr ? fmt::to_string(integer->get()) : fmt::to_string(number);
    throw Error(fmt::format("{}: expected a number from {} to {}, found {}", where(key), least, most, found));
  }
  value = number;
}

void TomlReader::read_seconds(std::string_view key, std::chrono::milliseconds& value, double least,
                              double most) const {
  double seconds = std::chrono::duration<double>(value).count();
  read_number(key, seconds, least, most);
  value = std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

std::optional<std::variant<std::vector<double>, std::string>> TomlReader::numbers_or_name(
    std::string_view key, std::string_view expected) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_string()) {
    std::string name;
    read_text(key, name);
    return name;
  }
  std::vector<double> numbers;
  const auto add = [&](const toml::node& value) {
    const std::optional<double> number = value.is_number() ? value.value<double>() : std::nullopt;
    if (!number) {
      throw Error(fmt::format("{}: expected {}, found {}", where(key), expected, type_name(value)));
    }
    numbers.push_back(*number);
  };
  if (const toml::array* array = node->as_array()) {
    for (const toml::node& value : *array) add(value);
  } else {
    add(*node);
  }
  return numbers;
}

const toml::array* TomlReader::array(std::string_view key, std::string_view expected) const {
  const toml::node* node = table_.get(key);
  return node == nullptr ? nullptr : &as_array(*node, path(key), expected);
}

const toml::table* TomlReader::subtable(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return nullptr;
  }
  const toml::table* table = node->as_table();
  if (table == nullptr) {
    const std::string_view why =
        node->is_array_of_tables() ? "an array of tables; write it once" : type_name(*node);
    throw Error(fmt::format("{}: expected a table, [{}], found {}", where(key), key, why));
  }
  return table;
}

std::int64_t TomlReader::integer(const toml::node& node, const std::string& path, std::int64_t least,
                                 std::int64_t most) const {
  const auto* number = node.as_integer();
  if (number == nullptr || number->get() < least || number->get() > most) {
    const std::string found =
        number == nullptr ? std::string(type_name(node)) : fmt::format("{}", number->get());
    const std::string range =
        most == INT64_MAX ? fmt::format("of at least {}", least) : fmt::format("from {} to {}", least, most);
    throw Error(fmt::format("{}: expected an integer {}, found {}", where(node, path), range, found));
  }
  return number->get();
}

const toml::array& TomlReader::as_array(const toml::node& node, const std::string& path,
                                        std::string_view expected) const {
  const toml::array* array = node.as_array();
  if (array == nullptr) {
    throw Error(fmt::format("{}: expected {}, found {}", where(node, path), expected, type_name(node)));
  }
  return *array;
}

}  // namespace edge
