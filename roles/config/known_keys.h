// All keys of config.toml, and the nearest known one for a key that is not. Thread-safe, no errors.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace edge {

struct KnownKey {
  std::string_view table;  ///< "" for keys in front of the first table
  std::string_view key;
};

/// In the order of config.toml. Sub-tables are not keys here: known_tables().
std::span<const KnownKey> known_keys();
std::span<const std::string_view> known_tables();

bool is_known_key(std::string_view table, std::string_view key);

/// What to tell someone who wrote the unknown `key` in `table`: "did you mean 'scheduler'?", "it belongs in
/// [video]" or the list of the table's keys.
std::string key_advice(std::string_view table, std::string_view key);

/// Of `names` the one that `text` probably is a misspelling of; empty if none is near.
std::string_view nearest_name(std::string_view text, std::span<const std::string_view> names);

}  // namespace edge
