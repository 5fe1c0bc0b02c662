// Collects the boxes that a decoder proposes, in bounded memory. Internal to roles/detection. One owner.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "roles/detection/detection.h"

namespace edge::detection {

/// So many, the best, go into the suppression: it compares all pairs.
constexpr std::size_t most_candidates = 3000;

class Candidates {
 public:
  explicit Candidates(float threshold) : threshold_(threshold) {}

  /// Whether such a score is worth computing a box. What is no number or above 1 is no score.
  bool wants(float score) const { return score >= threshold_ && score <= 1; }
  /// Boxes with sides that are infinite or no numbers are left out.
  void add(int class_index, float score, const Box& box);
  /// The best of all that were added, in the order in which they were; the first of equal ones.
  std::vector<Detection> take();

 private:
  void prune();

  float threshold_;
  std::vector<Detection> found_;
};

/// From the middle and the whole width and height.
inline Box centred_box(float x, float y, float width, float height) {
  return {.left = x - width / 2, .top = y - height / 2, .right = x + width / 2, .bottom = y + height / 2};
}

inline float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

/// A little less than the number whose sigmoid is `score`: saves exponentials of what is far below.
inline float logit_below(float score) {
  if (!(score > 0)) return -INFINITY;
  return std::log(score / (1 - std::fmin(score, 0.9999F))) - 0.01F;
}

}  // namespace edge::detection
