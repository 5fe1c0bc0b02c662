// What was found in a picture, in a few words. Pure functions, no errors.
#pragma once

#include <span>
#include <string>

#include "engine/labels.h"
#include "roles/detection/detection.h"

namespace edge {

/// "3 cars, 1 person": the most frequent classes first, at most three of them; "no objects". Classes without
/// a name, which `labels` may lack, are "2 of class 7".
std::string object_counts(std::span<const detection::Detection> objects, const Labels& labels);

}  // namespace edge
