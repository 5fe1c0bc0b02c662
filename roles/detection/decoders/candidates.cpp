#include "roles/detection/decoders/candidates.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace edge::detection {

void Candidates::add(int class_index, float score, const Box& box) {
  if (class_index < 0 || !wants(score)) return;
  for (const float side : {box.left, box.top, box.right, box.bottom}) {
    if (!std::isfinite(side)) return;
  }
  found_.push_back({.class_index = class_index, .score = score, .box = box});
  if (found_.size() >= 2 * most_candidates) prune();
}

std::vector<Detection> Candidates::take() {
  prune();
  return std::exchange(found_, {});
}

void Candidates::prune() {
  if (found_.size() <= most_candidates) return;
  std::vector<float> scores;
  scores.reserve(found_.size());
  for (const Detection& candidate : found_) scores.push_back(candidate.score);
  const auto last = scores.begin() + (most_candidates - 1);
  std::nth_element(scores.begin(), last, scores.end(), std::greater<>());
  const float least = *last;
  // Those in front of `last` are at least as good; the rest of the places go to equal ones, first come.
  auto equals = static_cast<std::size_t>(std::count(scores.begin(), last + 1, least));
  std::erase_if(found_, [&](const Detection& candidate) {
    if (candidate.score == least && equals > 0) {
      --equals;
      return false;
    }
    return candidate.score <= least;
  });
}

}  // namespace edge::detection
