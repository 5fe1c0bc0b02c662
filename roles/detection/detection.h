// What a detector finds in a picture. Plain data and pure functions, no errors.
#pragma once

#include <vector>

namespace edge::detection {

/// Pixels, fractions too; x grows to the right, y downwards.
struct Box {
  float left = 0, top = 0, right = 0, bottom = 0;

  float area() const { return right > left && bottom > top ? (right - left) * (bottom - top) : 0; }
};

struct Detection {
  int class_index = 0;
  float score = 0;  ///< in [0, 1]
  Box box;
};

/// Intersection over union, in [0, 1]; 0 if both are empty.
float overlap(const Box& a, const Box& b);

/// Greedy, class by class: a box goes if one of a better score overlaps it by more than `most`. The best come
/// first; of equal scores those that came first.
std::vector<Detection> suppress_overlapping(std::vector<Detection> detections, float most);

}  // namespace edge::detection
