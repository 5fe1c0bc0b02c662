// What the last active worker shall look for, and what it has found, as JSON on the wire (docs/wire.md). Pure
// functions, thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "roles/detection/decoders.h"

namespace edge::chain {

/// How to find objects in a frame. The master decides; what a worker's config says does not count.
struct ObjectOptions {
  std::string decoder;  ///< its name, never "auto"
  detection::Wanted wanted;
  Placement placement;  ///< of this frame
};

/// Null for no options.
nlohmann::json to_json(const std::optional<ObjectOptions>& options);
/// Throws net::ConnectionLost: a decoder that `decoders` (null: none) does not have, numbers that cannot be;
/// json::exception for other JSON.
std::optional<ObjectOptions> object_options_from(const nlohmann::json& value,
                                                 const detection::Decoders* decoders);

/// One array per object: class, score, left, top, right, bottom.
nlohmann::json to_json(const std::vector<detection::Detection>& objects);
/// Throws net::ConnectionLost for more than detection::most_objects, classes that are not below `classes`,
/// scores beyond [0, 1], boxes that are not finite, begin before the picture or end before they begin;
/// json::exception for other JSON.
std::vector<detection::Detection> objects_from(const nlohmann::json& value, int classes);

}  // namespace edge::chain
