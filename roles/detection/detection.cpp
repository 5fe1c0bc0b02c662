#include "roles/detection/detection.h"

#include <algorithm>

namespace edge::detection {

float overlap(const Box& a, const Box& b) {
  const Box both{.left = std::max(a.left, b.left),
                 .top = std::max(a.top, b.top),
                 .right = std::min(a.right, b.right),
                 .bottom = std::min(a.bottom, b.bottom)};
  const float shared = both.area();
  const float together = a.area() + b.area() - shared;
  return together > 0 ? shared / together : 0;
}

std::vector<Detection> suppress_overlapping(std::vector<Detection> detections, float most) {
  std::stable_sort(detections.begin(), detections.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  std::vector<Detection> kept;
  for (const Detection& candidate : detections) {
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Detection& better) {
      return better.class_index == candidate.class_index && overlap(better.box, candidate.box) > most;
    });
    if (!covered) kept.push_back(candidate);
  }
  return kept;
}

}  // namespace edge::detection
