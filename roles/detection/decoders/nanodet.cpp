// NanoDet and NanoDet-Plus (https://github.com/RangiLyu/nanodet, nanodet/model/head/nanodet_head.py,
// nanodet_plus_head.py; the distances are those of "Generalized Focal Loss", Li et al. 2020). Per cell of the
// grids of strides 8, 16, 32 (NanoDet) or 8, 16, 32, 64 (NanoDet-Plus) a score per class, and for each of the
// distances from the cell's point to left, top, right and bottom the logits of `bins` bins: a distance is the
// mean bin number, in cells. A cell's point is its middle, or of NanoDet-Plus its upper left corner.
//
// Two forms: per stride two outputs, 1xnxC and 1xnx(4*bins), in any order; or one output 1xNx(C+4*bins) with
// the strides behind each other. Scores are probabilities, or logits if any is outside [0, 1]. Every class of
// a cell that is above the threshold proposes a box.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "roles/detection/decoders/candidates.h"
#include "roles/detection/decoders/decoder_type.h"
#include "roles/detection/decoders/levels.h"

namespace edge::detection {
namespace nanodet {
namespace {

constexpr std::array<std::int64_t, 4> strides{8, 16, 32, 64};
constexpr std::int64_t sides = 4, coco_classes = 80;
/// Of all published ones: reg_max 7, 10 (NanoDet-g) and 16.
constexpr std::array<std::int64_t, 3> usual_bins{8, 11, 17};

/// Rows of an output: `scores` numbers from `score_column`, the bins from `bin_column`.
struct Rows {
  std::size_t score_output, bin_output;
  std::int64_t score_width, bin_width;  ///< of a whole row
  std::int64_t first;                   ///< row of the level's first cell
  std::int64_t bin_column;
};

struct LevelRows {
  Level level;
  Rows rows;
};

class NanodetDecoder final : public Decoder {
 public:
  NanodetDecoder(std::vector<LevelRows> levels, std::int64_t classes, std::int64_t bins)
      : levels_(std::move(levels)), classes_(classes), bins_(bins), middle_(levels_.size() == 3 ? 0.5F : 0) {}

  std::string_view name() const override { return nanodet_decoder.name; }
  int classes() const override { return static_cast<int>(classes_); }

  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    const bool logits = has_logits(outputs);
    const float least = logits ? logit_below(threshold) : threshold;
    Candidates candidates(threshold);
    for (const auto& [level, rows] : levels_) {
      const float* scores = outputs[rows.score_output].values().data() + rows.first * rows.score_width;
      const float* bins =
          outputs[rows.bin_output].values().data() + rows.first * rows.bin_width + rows.bin_column;
      for (std::int64_t cell = 0; cell < level.cells(); ++cell) {
        std::optional<Box> box;
        for (std::int64_t index = 0; index < classes_; ++index) {
          if (!(scores[index] >= least) || !std::isfinite(scores[index])) continue;
          if (!box) box = box_of(level, cell, bins);
          candidates.add(static_cast<int>(index), logits ? sigmoid(scores[index]) : scores[index], *box);
        }
        scores += rows.score_width;
        bins += rows.bin_width;
      }
    }
    return candidates.take();
  }

 private:
  bool has_logits(std::span<const Array> outputs) const {
    for (const auto& [level, rows] : levels_) {
      const float* row = outputs[rows.score_output].values().data() + rows.first * rows.score_width;
      for (std::int64_t cell = 0; cell < level.cells(); ++cell, row += rows.score_width) {
        if (std::any_of(row, row + classes_, [](float score) { return score < 0 || score > 1; })) return true;
      }
    }
    return false;
  }

  Box box_of(const Level& level, std::int64_t cell, const float* bins) const {
    const std::int64_t row = cell / level.columns;
    const float x = (static_cast<float>(cell % level.columns) + middle_) * level.stride;
    const float y = (static_cast<float>(row) + middle_) * level.stride;
    std::array<float, sides> distances{};
    for (float& distance : distances) {
      const float largest = *std::max_element(bins, bins + bins_);
      float sum = 0, weighted = 0;
      for (std::int64_t i = 0; i < bins_; ++i) {
        const float share = std::exp(bins[i] - largest);
        sum += share;
        weighted += static_cast<float>(i) * share;
      }
      distance = weighted / sum * level.stride;
      bins += bins_;
    }
    return {.left = x - distances[0],
            .top = y - distances[1],
            .right = x + distances[2],
            .bottom = y + distances[3]};
  }

  std::vector<LevelRows> levels_;
  std::int64_t classes_, bins_;
  float middle_;  ///< of a cell, in cells
};

/// Whether rows of so many numbers can be distances.
bool are_bins(std::int64_t width) {
  return width % sides == 0 && width >= 2 * sides;
}
bool are_usual_bins(std::int64_t width) {
  return width % sides == 0 &&
         std::find(usual_bins.begin(), usual_bins.end(), width / sides) != usual_bins.end();
}

bool are_rows(const Shape& shape) {
  return shape.rank() == 3 && shape[0] == 1 && shape[2] <= most_classes;
}

/// Of outputs `first` and `second`, in their order, which has the scores and which the distances.
std::optional<std::pair<std::size_t, std::size_t>> sorted(const NetworkOutputs& outputs, std::size_t first,
                                                          std::size_t second) {
  const std::int64_t a = outputs.shapes[first][2], b = outputs.shapes[second][2];
  if (!are_bins(a) && !are_bins(b)) return std::nullopt;
  const bool first_is_bins = are_usual_bins(a) != are_usual_bins(b) ? are_usual_bins(a) : !are_bins(b);
  return first_is_bins ? std::pair(second, first) : std::pair(first, second);
}

std::unique_ptr<const Decoder> of_pairs(const NetworkOutputs& outputs, const std::vector<Level>& levels,
                                        Choice choice) {
  if (outputs.shapes.size() != 2 * levels.size()) return nullptr;
  std::vector<LevelRows> all;
  std::int64_t classes = 0, bins = 0;
  for (const Level& level : levels) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < outputs.shapes.size(); ++i) {
      if (are_rows(outputs.shapes[i]) && outputs.shapes[i][1] == level.cells()) found.push_back(i);
    }
    if (found.size() != 2) return nullptr;
    const auto pair = sorted(outputs, found[0], found[1]);
    if (!pair) return nullptr;
    const std::int64_t score_width = outputs.shapes[pair->first][2],
                       bin_width = outputs.shapes[pair->second][2];
    if (all.empty()) {
      classes = score_width;
      bins = bin_width / sides;
    }
    if (score_width != classes || bin_width != sides * bins) return nullptr;
    all.push_back({level, {pair->first, pair->second, score_width, bin_width, 0, 0}});
  }
  if (choice == Choice::guessed && !are_usual_bins(sides * bins)) return nullptr;
  return std::make_unique<NanodetDecoder>(std::move(all), classes, bins);
}

std::unique_ptr<const Decoder> of_one(const NetworkOutputs& outputs, const std::vector<Level>& levels,
                                      Choice choice) {
  if (outputs.shapes.size() != 1 || !are_rows(outputs.shapes[0])) return nullptr;
  const std::int64_t width = outputs.shapes[0][2];
  if (outputs.shapes[0][1] != cells_of(levels)) return nullptr;
  const bool of_g = width == coco_classes + sides * usual_bins[1];
  const std::int64_t bins = usual_bins[of_g ? 1 : 0];
  const std::int64_t classes = width - sides * bins;
  if (classes < 1) return nullptr;
  if (choice == Choice::guessed) {
    // As many rows as YOLOX has, unless there are four strides: COCO's classes tell them apart.
    if (levels.size() == 3 && classes != coco_classes) return nullptr;
    // YOLOv8's transposed rows of 80 classes.
    if (width == coco_classes + 4) return nullptr;
  }
  std::vector<LevelRows> all;
  all.reserve(levels.size());
  for (const Level& level : levels) {
    all.push_back({level, {0, 0, width, width, level.first, classes}});
  }
  return std::make_unique<NanodetDecoder>(std::move(all), classes, bins);
}

std::unique_ptr<const Decoder> make(const NetworkOutputs& outputs, Choice choice) {
  for (const std::size_t count : {3U, 4U}) {
    const std::vector<Level> levels = levels_of(outputs.frame, std::span(strides).first(count));
    if (auto decoder = of_pairs(outputs, levels, choice)) return decoder;
    if (auto decoder = of_one(outputs, levels, choice)) return decoder;
  }
  return nullptr;
}

std::string wanted(const Extent2d& frame) {
  const std::vector<Level> levels = levels_of(frame, strides);
  return fmt::format(
      "1x{0}x(classes) and 1x{0}x(4*bins), the same for {1} and {2} (and {3}), or 1x{4}x"
      "(classes+4*bins), or with 1x{5}",
      levels[0].cells(), levels[1].cells(), levels[2].cells(), levels[3].cells(), levels[3].first,
      cells_of(levels));
}

/// Its configs' img_norm_cfg, of blue, green, red.
std::vector<Preprocessing> pixels() {
  return {{.channels = ChannelOrder::bgr,
           .pixel_range = 255,
           .mean = {{103.53, 116.28, 123.675}},
           .deviation = {{57.375, 57.12, 58.395}}}};
}

}  // namespace
}  // namespace nanodet

const DecoderType nanodet_decoder{
    .name = "nanodet", .make = nanodet::make, .wanted = nanodet::wanted, .pixels = nanodet::pixels};

}  // namespace edge::detection
