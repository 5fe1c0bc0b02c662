// The class of a box, for detectors that give a box one class. Internal to roles/detection. Pure functions.
#pragma once

#include <cstdint>

namespace edge::detection {

struct BestClass {
  int index = -1;  ///< -1: no score was a number above 0
  float score = 0;
};

/// The first of equal ones. NaNs are never the best.
inline BestClass best_class(const float* scores, std::int64_t count) {
  BestClass best;
  for (std::int64_t i = 0; i < count; ++i) {
    if (scores[i] > best.score) best = {.index = static_cast<int>(i), .score = scores[i]};
  }
  return best;
}

}  // namespace edge::detection
