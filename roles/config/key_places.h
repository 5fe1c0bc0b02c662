// Where keys of a config were written, so that what is found out about their values later, when files are
// opened and networks are known, can say so. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "roles/usage_error.h"

namespace edge {

/// "config.toml:12: model.weights" by "weights". Only of keys that were written; options have none.
using KeyPlaces = std::map<std::string, std::string, std::less<>>;

/// What a message about the key begins with: "config.toml:12: model.weights: ", or nothing.
inline std::string place_of(const KeyPlaces& places, std::string_view key) {
  const auto found = places.find(key);
  return found == places.end() ? std::string() : found->second + ": ";
}

/// What `use` returns; its Error begins with the key's place.
template <class Use>
auto at_key(const KeyPlaces& places, std::string_view key, Use&& use) {
  try {
    return std::forward<Use>(use)();
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw Error(place_of(places, key) + error.what());
  }
}

}  // namespace edge
