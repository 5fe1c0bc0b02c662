// Precision and recall of detections against a scene's truth. Pure functions, no errors.
#pragma once

#include <cstdint>
#include <vector>

#include "media/detector/samples.h"
#include "roles/detection/detection.h"

namespace edge::street {

/// What counts as found, and how much two boxes of a class may overlap.
inline constexpr float least_score = 0.4F, most_overlap = 0.5F;

struct Score {
  std::int64_t found = 0, missed = 0, wrong = 0;  ///< objects, objects, detections

  double precision() const;
  double recall() const;
  Score& operator+=(const Score& other);
};

/// Greedy, best scores first, by IoU of at least 0.5 and the same class. Objects of which less than half can
/// be seen count neither as found nor as missed.
Score judge(const std::vector<detection::Detection>& detections, const std::vector<TrueObject>& truth);

}  // namespace edge::street
