// Typed, checked access to one table of a TOML file. Internal to roles/config; one thread.
// Every function throws Error with one line, FILE:LINE: TABLE.KEY: what is wrong, what is expected.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "roles/config/key_places.h"
#include "roles/config/toml.h"

namespace edge {

class TomlReader {
 public:
  /// `table_name`: as in known_keys.h, whose keys are the only ones allowed. `label`: how messages name the
  /// table, for example "workers[1]". The reader keeps a reference to `table`.
  TomlReader(const toml::table& table, std::string_view table_name, std::string label,
             std::filesystem::path file);

  bool has(std::string_view key) const { return table_.contains(key); }

  /// The places of those of `keys` that are there.
  KeyPlaces places_of(const std::vector<std::string>& keys) const;

  // Each leaves `value` as it is if the key is not there.
  void read_text(std::string_view key, std::string& value) const;
  void read_choice(std::string_view key, std::string& value, const std::vector<std::string>& allowed) const;
  void read_boolean(std::string_view key, bool& value) const;
  template <class Integer>
  void read_integer(std::string_view key, Integer& value, std::int64_t least, std::int64_t most) const {
    if (const toml::node* node = table_.get(key)) {
      value = static_cast<Integer>(integer(*node, path(key), least, most));
    }
  }
  /// Integers are accepted, too.
  void read_number(std::string_view key, double& value, double least, double most) const;

  /// Seconds, also parts of them; to the millisecond.
  void read_seconds(std::string_view key, std::chrono::milliseconds& value, double least, double most) const;

  /// A number, an array of numbers, or a string; nothing if the key is not there.
  std::optional<std::variant<std::vector<double>, std::string>> numbers_or_name(
      std::string_view key, std::string_view expected = "a number or an array of numbers") const;

  /// The array at `key`, or null if the key is not there.
  const toml::array* array(std::string_view key, std::string_view expected) const;
  /// The table at `key`, or null.
  const toml::table* subtable(std::string_view key) const;

  /// `path` names the value in the message.
  std::int64_t integer(const toml::node& node, const std::string& path, std::int64_t least,
                       std::int64_t most) const;
  const toml::array& as_array(const toml::node& node, const std::string& path,
                              std::string_view expected) const;

  /// "schedule.plan"
  std::string path(std::string_view key) const;
  /// "config.toml:12: schedule.plan": the front of a message about the key, or, if it is missing, about its
  /// table.
  std::string where(std::string_view key) const;
  std::string where(const toml::node& node, const std::string& path) const;

 private:
  const toml::table& table_;
  std::string label_;
  std::filesystem::path file_;
};

}  // namespace edge
