// BlazeFace (Bazarevsky et al. 2019; https://github.com/google-ai-edge/mediapipe: the anchors are those of
// calculators/tflite/ssd_anchors_calculator.cc with a fixed size, the boxes those of
// calculators/tensor/tensors_to_detections_calculator.cc, both with the options in
// modules/face_detection/face_detection_short_range.pbtxt and face_detection_back's). Of 128x128 ("front",
// short range): two boxes per cell of a grid of stride 8, six per cell of stride 16; of 256x256 ("back") 16
// and 32: 512 + 384 boxes both. Outputs: 1x512x1 and 1x384x1, logits that are clipped to +-100; 1x512x16 and
// 1x384x16, centre x, centre y, width, height, in pixels, relative to the cell's middle, then six key points,
// which are not used. In any order; or joined, 1x896x1 and 1x896x16. One class.
//
// MediaPipe then takes means of overlapping boxes; here the best one stays.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "roles/detection/decoders/candidates.h"
#include "roles/detection/decoders/decoder_type.h"
#include "roles/detection/decoders/levels.h"

namespace edge::detection {
namespace blazeface {
namespace {

constexpr std::int64_t numbers = 16;  // per box
constexpr std::array<std::int64_t, 2> boxes_per_cell{2, 6};
constexpr std::array<std::array<std::int64_t, 2>, 2> strides{{{8, 16}, {16, 32}}};
constexpr float largest_logit = 100;

struct LevelOutputs {
  Level level;
  std::int64_t boxes_per_cell;
  std::size_t score_output, box_output;
  std::int64_t first;  ///< row of the level's first box
};

class BlazefaceDecoder final : public Decoder {
 public:
  explicit BlazefaceDecoder(std::vector<LevelOutputs> levels) : levels_(std::move(levels)) {}

  std::string_view name() const override { return blazeface_decoder.name; }
  int classes() const override { return 1; }
  float usual_threshold() const override { return 0.5F; }
  float usual_overlap() const override { return 0.3F; }

  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    Candidates candidates(threshold);
    for (const LevelOutputs& of : levels_) {
      const float* logit = outputs[of.score_output].values().data() + of.first;
      const float* box = outputs[of.box_output].values().data() + of.first * numbers;
      for (std::int64_t i = 0; i < of.level.cells() * of.boxes_per_cell; ++i, ++logit, box += numbers) {
        if (!std::isfinite(*logit)) continue;
        const float score = sigmoid(std::clamp(*logit, -largest_logit, largest_logit));
        const std::int64_t cell = i / of.boxes_per_cell;
        const std::int64_t row = cell / of.level.columns;
        const float x = (static_cast<float>(cell % of.level.columns) + 0.5F) * of.level.stride;
        const float y = (static_cast<float>(row) + 0.5F) * of.level.stride;
        candidates.add(0, score, centred_box(x + box[0], y + box[1], box[2], box[3]));
      }
    }
    return candidates.take();
  }

 private:
  std::vector<LevelOutputs> levels_;
};

/// The output of that shape, or none: as many as there are outputs.
std::size_t find(const NetworkOutputs& outputs, const Shape& shape) {
  const auto found = std::find(outputs.shapes.begin(), outputs.shapes.end(), shape);
  return static_cast<std::size_t>(found - outputs.shapes.begin());
}

std::unique_ptr<const Decoder> of_levels(const NetworkOutputs& outputs, const std::vector<Level>& levels) {
  const bool joined = outputs.shapes.size() == 2;
  std::vector<LevelOutputs> all;
  std::int64_t boxes = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) boxes += levels[i].cells() * boxes_per_cell[i];
  std::int64_t first = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::int64_t of_level = levels[i].cells() * boxes_per_cell[i];
    const std::int64_t rows = joined ? boxes : of_level;
    const std::size_t scores = find(outputs, {1, rows, 1}), places = find(outputs, {1, rows, numbers});
    if (scores == outputs.shapes.size() || places == outputs.shapes.size()) return nullptr;
    all.push_back({levels[i], boxes_per_cell[i], scores, places, joined ? first : 0});
    first += of_level;
  }
  return std::make_unique<BlazefaceDecoder>(std::move(all));
}

std::unique_ptr<const Decoder> make(const NetworkOutputs& outputs, Choice /*choice*/) {
  if (outputs.shapes.size() != 2 && outputs.shapes.size() != 4) return nullptr;
  for (const auto& of : strides) {
    if (auto decoder = of_levels(outputs, levels_of(outputs.frame, of))) return decoder;
  }
  return nullptr;
}

std::string wanted(const Extent2d&) {
  return "1x512x1, 1x384x1, 1x512x16 and 1x384x16 of frames of 128x128 or 256x256";
}

/// MediaPipe's face_detection: -1 to 1.
std::vector<Preprocessing> pixels() {
  return {{.mean = {{0.5, 0.5, 0.5}}, .deviation = {{0.5, 0.5, 0.5}}}};
}

}  // namespace
}  // namespace blazeface

const DecoderType blazeface_decoder{
    .name = "blazeface", .make = blazeface::make, .wanted = blazeface::wanted, .pixels = blazeface::pixels};

}  // namespace edge::detection
