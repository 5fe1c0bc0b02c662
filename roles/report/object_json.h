// An object that was found as JSON, the same wherever it is printed. Pure functions, no errors, thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/labels.h"
#include "roles/detection/detection.h"

namespace edge {

/// {"class": name, "index": i, "score": s, "box": [left, top, right, bottom]}; the name is null where
/// `labels`, which may be null, has none.
nlohmann::ordered_json object_json(const detection::Detection& object, const Labels* labels);

}  // namespace edge
