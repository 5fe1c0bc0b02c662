// YOLOv8, YOLOv9, YOLO11 and what else ultralytics exports without suppression
// (https://github.com/ultralytics/ultralytics, ultralytics/nn/modules/head.py, class Detect): 1x(4+C)xN,
// planes of centre x, centre y, width, height in pixels and a probability per class, or transposed,
// 1xNx(4+C). One box per cell of the grids of strides 8, 16, 32 (also 4, 8, 16, 32: "p2"; 8, 16, 32, 64:
// "p6"). A box has its best class.
#include <fmt/format.h>

#include <array>

#include "roles/detection/decoders/best_class.h"
#include "roles/detection/decoders/candidates.h"
#include "roles/detection/decoders/decoder_type.h"
#include "roles/detection/decoders/levels.h"

namespace edge::detection {
namespace yolov8 {
namespace {

constexpr std::int64_t numbers = 4;  // in front of the classes' probabilities
constexpr std::array<std::int64_t, 5> strides{4, 8, 16, 32, 64};

class Yolov8Decoder final : public Decoder {
 public:
  Yolov8Decoder(std::int64_t boxes, std::int64_t classes, bool rows)
      : boxes_(boxes), classes_(classes), rows_(rows) {}

  std::string_view name() const override { return yolov8_decoder.name; }
  int classes() const override { return static_cast<int>(classes_); }
  float usual_threshold() const override { return 0.25F; }
  float usual_overlap() const override { return 0.7F; }

  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    Candidates candidates(threshold);
    const float* const values = outputs[0].values().data();
    if (rows_) {
      const float* row = values;
      for (std::int64_t i = 0; i < boxes_; ++i, row += numbers + classes_) {
        const BestClass best = best_class(row + numbers, classes_);
        candidates.add(best.index, best.score, centred_box(row[0], row[1], row[2], row[3]));
      }
      return candidates.take();
    }
    // Plane by plane, as they lie in memory.
    std::vector<BestClass> best(static_cast<std::size_t>(boxes_));
    for (std::int64_t index = 0; index < classes_; ++index) {
      const float* const plane = values + (numbers + index) * boxes_;
      for (std::size_t i = 0; i < best.size(); ++i) {
        if (plane[i] > best[i].score) best[i] = {.index = static_cast<int>(index), .score = plane[i]};
      }
    }
    for (std::size_t i = 0; i < best.size(); ++i) {
      const float* const x = values + i;
      candidates.add(best[i].index, best[i].score,
                     centred_box(x[0], x[boxes_], x[2 * boxes_], x[3 * boxes_]));
    }
    return candidates.take();
  }

 private:
  std::int64_t boxes_, classes_;
  bool rows_;  ///< 1xNx(4+C)
};

bool is_count(const Extent2d& frame, std::int64_t boxes) {
  const std::span all(strides);
  for (const auto& of : {all.subspan(1, 3), all.subspan(1, 4), all.subspan(0, 4)}) {
    if (boxes == cells_of(levels_of(frame, of))) return true;
  }
  return false;
}

std::unique_ptr<const Decoder> make(const NetworkOutputs& outputs, Choice choice) {
  if (outputs.shapes.size() != 1) return nullptr;
  const Shape& shape = outputs.shapes[0];
  if (shape.rank() != 3 || shape[0] != 1) return nullptr;
  for (const bool rows : {false, true}) {
    const std::int64_t boxes = shape[rows ? 1 : 2], classes = shape[rows ? 2 : 1] - numbers;
    if (classes < 1 || classes > most_classes || !is_count(outputs.frame, boxes)) continue;
    // Rows are usually those of YOLOX, one longer: with COCO's classes one can tell.
    if (rows && choice == Choice::guessed && classes != 80) continue;
    return std::make_unique<Yolov8Decoder>(boxes, classes, rows);
  }
  return nullptr;
}

std::string wanted(const Extent2d& frame) {
  return fmt::format("1x(4+classes)x{0} or 1x{0}x(4+classes)",
                     cells_of(levels_of(frame, std::span(strides).subspan(1, 3))));
}

/// ultralytics/data/augment.py, LetterBox: grey bars.
std::vector<Preprocessing> pixels() {
  return {{.pad = {114, 114, 114}}};
}

}  // namespace
}  // namespace yolov8

const DecoderType yolov8_decoder{
    .name = "yolov8", .make = yolov8::make, .wanted = yolov8::wanted, .pixels = yolov8::pixels};

}  // namespace edge::detection
