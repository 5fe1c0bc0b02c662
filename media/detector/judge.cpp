#include "media/detector/judge.h"

#include <algorithm>

namespace edge::street {
namespace {

constexpr float least_overlap = 0.5F;
constexpr double counts = 0.5;  // share of an object that must be seen

double ratio(std::int64_t part, std::int64_t rest) {
  return part + rest > 0 ? static_cast<double>(part) / static_cast<double>(part + rest) : 1;
}

}  // namespace

double Score::precision() const {
  return ratio(found, wrong);
}

double Score::recall() const {
  return ratio(found, missed);
}

Score& Score::operator+=(const Score& other) {
  found += other.found;
  missed += other.missed;
  wrong += other.wrong;
  return *this;
}

Score judge(const std::vector<detection::Detection>& detections, const std::vector<TrueObject>& truth) {
  std::vector<bool> taken(truth.size());
  Score score;
  for (const detection::Detection& detected : detections) {
    float best = 0;
    std::size_t which = truth.size();
    // Those that count come first: a hidden one must not take the detection of the one in front of it.
    for (const bool counting : {true, false}) {
      if (which != truth.size()) break;
      for (std::size_t i = 0; i < truth.size(); ++i) {
        if (taken[i] || truth[i].class_index != detected.class_index ||
            (truth[i].visible >= counts) != counting) {
          continue;
        }
        const detection::Box box{.left = static_cast<float>(truth[i].left),
                                 .top = static_cast<float>(truth[i].top),
                                 .right = static_cast<float>(truth[i].right),
                                 .bottom = static_cast<float>(truth[i].bottom)};
        const float shared = detection::overlap(detected.box, box);
        if (shared >= least_overlap && shared > best) {
          best = shared;
          which = i;
        }
      }
    }
    if (which == truth.size()) {
      ++score.wrong;
    } else {
      taken[which] = true;
      if (truth[which].visible >= counts) ++score.found;
    }
  }
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (!taken[i] && truth[i].visible >= counts) ++score.missed;
  }
  return score;
}

}  // namespace edge::street
