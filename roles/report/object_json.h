// Detected objects as JSON, the same wherever they are printed (docs/detection.md). Pure functions, no
// errors, thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "engine/labels.h"
#include "roles/detection/detection.h"

namespace edge {

/// {"class": name, "index": i, "score": s, "box": [left, top, right, bottom]}; the name is null where
/// `labels` has none. Scores have four decimals, pixels two: more is not in them, and lines stay short.
nlohmann::ordered_json object_json(const detection::Detection& object, const Labels& labels);

/// One entry per object, in their order.
nlohmann::ordered_json objects_json(std::span<const detection::Detection> objects, const Labels& labels);

}  // namespace edge
