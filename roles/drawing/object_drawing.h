// Objects as boxes with their class and score. Pure functions, no errors.
#pragma once

#include <span>

#include "engine/labels.h"
#include "roles/detection/detection.h"
#include "roles/drawing/canvas.h"

namespace edge::drawing {

/// A colour per class, bright and unlike those of the classes before it.
Colour colour_of(int class_index);

/// Draws the best last, so that nothing covers it; names and scores do not cover each other where there is
/// room. `objects`: the best first, in pixels of the canvas.
/// Classes without a name have their number. Lines and letters grow with the canvas.
void draw_objects(Canvas& canvas, std::span<const detection::Detection> objects, const Labels& labels);

}  // namespace edge::drawing
