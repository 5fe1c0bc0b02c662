// YOLOX (https://github.com/Megvii-BaseDetection/YOLOX, yolox/models/yolo_head.py and, for what is done
// behind the network, yolox/utils/demo_utils.py): 1xNx(5+C), one row per cell of the grids of strides 8, 16,
// 32: the centre's offset from the cell's corner and the logarithms of width and height, all in cells;
// objectness and a probability per class, sigmoids are in the network. A box's score is objectness times that
// of its best class. What tools/export_onnx.py writes without --decode_in_inference.
#include <fmt/format.h>

#include <array>

#include "roles/detection/decoders/best_class.h"
#include "roles/detection/decoders/candidates.h"
#include "roles/detection/decoders/decoder_type.h"
#include "roles/detection/decoders/levels.h"

namespace edge::detection {
namespace yolox {
namespace {

constexpr std::int64_t numbers = 5;  // in front of the classes' probabilities
constexpr std::array<std::int64_t, 3> strides{8, 16, 32};

class YoloxDecoder final : public Decoder {
 public:
  YoloxDecoder(std::vector<Level> levels, std::int64_t classes)
      : levels_(std::move(levels)), classes_(classes) {}

  std::string_view name() const override { return yolox_decoder.name; }
  int classes() const override { return static_cast<int>(classes_); }
  float usual_threshold() const override { return 0.3F; }
  float usual_overlap() const override { return 0.45F; }

  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    Candidates candidates(threshold);
    const float* row = outputs[0].values().data();
    for (const Level& level : levels_) {
      for (std::int64_t cell = 0; cell < level.cells(); ++cell, row += numbers + classes_) {
        if (!candidates.wants(row[4])) continue;  // classes can only make it less
        const BestClass best = best_class(row + numbers, classes_);
        const float score = row[4] * best.score;
        if (!candidates.wants(score)) continue;
        const std::int64_t line = cell / level.columns;
        const float x = (row[0] + static_cast<float>(cell % level.columns)) * level.stride;
        const float y = (row[1] + static_cast<float>(line)) * level.stride;
        candidates.add(best.index, score,
                       centred_box(x, y, std::exp(row[2]) * level.stride, std::exp(row[3]) * level.stride));
      }
    }
    return candidates.take();
  }

 private:
  std::vector<Level> levels_;
  std::int64_t classes_;
};

std::unique_ptr<const Decoder> make(const NetworkOutputs& outputs, Choice /*choice*/) {
  if (outputs.shapes.size() != 1) return nullptr;
  const Shape& shape = outputs.shapes[0];
  if (shape.rank() != 3 || shape[0] != 1 || shape[2] <= numbers || shape[2] > most_classes) return nullptr;
  std::vector<Level> levels = levels_of(outputs.frame, strides);
  if (shape[1] != cells_of(levels)) return nullptr;
  return std::make_unique<YoloxDecoder>(std::move(levels), shape[2] - numbers);
}

std::string wanted(const Extent2d& frame) {
  return fmt::format("1x{}x(5+classes)", cells_of(levels_of(frame, strides)));
}

/// yolox/data/data_augment.py, preproc(), and its `legacy` networks.
std::vector<Preprocessing> pixels() {
  return {{.pad = {114, 114, 114}, .channels = ChannelOrder::bgr, .pixel_range = 255},
          {.pad = {114, 114, 114},
           .mean = {.numbers = {}, .imagenet = true},
           .deviation = {.numbers = {}, .imagenet = true}}};
}

}  // namespace
}  // namespace yolox

const DecoderType yolox_decoder{
    .name = "yolox", .make = yolox::make, .wanted = yolox::wanted, .pixels = yolox::pixels};

}  // namespace edge::detection
