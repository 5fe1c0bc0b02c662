// YOLOv5 (https://github.com/ultralytics/yolov5, its models/yolo.py, class Detect) and YOLOv7, exported with
// its --grid (https://github.com/WongKinYiu/yolov7, models/yolo.py): 1xNx(5+C), rows of centre x, centre y,
// width, height in pixels, objectness, a probability per class; sigmoids are in the network. Three boxes per
// cell of the grids of strides 8, 16, 32 (and 64: the "6" models). A box's score is objectness times that of
// its best class, as in detect.py.
//
// YOLOv5 files may have the maps before that as further outputs, 1x3xRxQx(5+C); they are not read. A file
// with these maps only is read with YOLOv5's own anchors (models/yolov5s.yaml): no shape tells whether
// they are those of another network, so `auto` leaves it alone.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "roles/detection/decoders/best_class.h"
#include "roles/detection/decoders/candidates.h"
#include "roles/detection/decoders/decoder_type.h"
#include "roles/detection/decoders/levels.h"

namespace edge::detection {
namespace yolov5 {
namespace {

constexpr std::int64_t boxes_per_cell = 3;
constexpr std::int64_t numbers = 5;  // in front of the classes' probabilities
constexpr std::array<std::int64_t, 4> strides{8, 16, 32, 64};
struct Anchor {
  float width, height;
};
constexpr std::array<std::array<Anchor, boxes_per_cell>, 3> anchors{{{{{10, 13}, {16, 30}, {33, 23}}},
                                                                     {{{30, 61}, {62, 45}, {59, 119}}},
                                                                     {{{116, 90}, {156, 198}, {373, 326}}}}};

class Yolov5Decoder : public Decoder {
 public:
  explicit Yolov5Decoder(std::int64_t classes) : classes_(classes) {}
  std::string_view name() const override { return yolov5_decoder.name; }
  int classes() const override { return static_cast<int>(classes_); }
  float usual_threshold() const override { return 0.25F; }
  float usual_overlap() const override { return 0.45F; }

 protected:
  std::int64_t classes_;
};

class DecodedRows final : public Yolov5Decoder {
 public:
  DecodedRows(std::size_t output, std::int64_t classes) : Yolov5Decoder(classes), output_(output) {}

  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    Candidates candidates(threshold);
    const Array& rows = outputs[output_];
    const float* row = rows.values().data();
    for (std::int64_t i = 0; i < rows.shape()[1]; ++i, row += numbers + classes_) {
      if (!candidates.wants(row[4])) continue;  // classes can only make it less
      const BestClass best = best_class(row + numbers, classes_);
      candidates.add(best.index, row[4] * best.score, centred_box(row[0], row[1], row[2], row[3]));
    }
    return candidates.take();
  }

 private:
  std::size_t output_;
};

class RawMaps final : public Yolov5Decoder {
 public:
  RawMaps(std::vector<Level> levels, std::int64_t classes)
      : Yolov5Decoder(classes), levels_(std::move(levels)) {}

  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    Candidates candidates(threshold);
    const float least = logit_below(threshold);
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      const Level& level = levels_[i];
      const float* row = outputs[i].values().data();
      for (const Anchor& anchor : anchors[i]) {
        for (std::int64_t cell = 0; cell < level.cells(); ++cell, row += numbers + classes_) {
          if (row[4] >= least) add(candidates, level, cell, anchor, row);
        }
      }
    }
    return candidates.take();
  }

 private:
  void add(Candidates& candidates, const Level& level, std::int64_t cell, const Anchor& anchor,
           const float* row) const {
    BestClass best{.index = -1, .score = -INFINITY};  // of logits
    for (int i = 0; i < classes_; ++i) {
      if (row[numbers + i] > best.score) best = {.index = i, .score = row[numbers + i]};
    }
    const float score = sigmoid(row[4]) * sigmoid(best.score);
    if (best.index < 0 || !std::isfinite(row[4]) || !std::isfinite(best.score)) return;
    const auto column = static_cast<float>(cell % level.columns);
    const std::int64_t cell_row = cell / level.columns;
    const auto line = static_cast<float>(cell_row);
    const float x = (2 * sigmoid(row[0]) - 0.5F + column) * level.stride;
    const float y = (2 * sigmoid(row[1]) - 0.5F + line) * level.stride;
    const float width = 2 * sigmoid(row[2]), height = 2 * sigmoid(row[3]);
    candidates.add(best.index, score,
                   centred_box(x, y, width * width * anchor.width, height * height * anchor.height));
  }

  std::vector<Level> levels_;
};

/// 1 x boxes x rows x columns x (5 + classes)
bool is_map(const Shape& shape) {
  return shape.rank() == 5 && shape[0] == 1 && shape[1] == boxes_per_cell && shape[4] > numbers &&
         shape[4] <= most_classes;
}

std::unique_ptr<const Decoder> of_maps(const NetworkOutputs& outputs) {
  const std::vector<Level> levels = levels_of(outputs.frame, std::span(strides).first(3));
  if (outputs.shapes.size() != levels.size()) return nullptr;
  const std::int64_t width = outputs.shapes[0].rank() == 5 ? outputs.shapes[0][4] : 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (!is_map(outputs.shapes[i]) ||
        outputs.shapes[i] != Shape{1, boxes_per_cell, levels[i].rows, levels[i].columns, width}) {
      return nullptr;
    }
  }
  return std::make_unique<RawMaps>(levels, width - numbers);
}

std::unique_ptr<const Decoder> make(const NetworkOutputs& outputs, Choice choice) {
  for (std::size_t i = 0; i < outputs.shapes.size(); ++i) {
    const Shape& shape = outputs.shapes[i];
    if (is_map(shape)) continue;
    if (shape.rank() != 3 || shape[0] != 1 || shape[2] <= numbers || shape[2] > most_classes) return nullptr;
    for (const std::size_t levels : {3U, 4U}) {
      const std::int64_t cells = cells_of(levels_of(outputs.frame, std::span(strides).first(levels)));
      const auto others = outputs.shapes.size() - 1;
      if (shape[1] == boxes_per_cell * cells && (others == 0 || others == levels) &&
          std::count_if(outputs.shapes.begin(), outputs.shapes.end(), is_map) ==
              static_cast<std::ptrdiff_t>(others)) {
        return std::make_unique<DecodedRows>(i, shape[2] - numbers);
      }
    }
    return nullptr;
  }
  return choice == Choice::named ? of_maps(outputs) : nullptr;
}

std::string wanted(const Extent2d& frame) {
  return fmt::format("1x{}x(5+classes)",
                     boxes_per_cell * cells_of(levels_of(frame, std::span(strides).first(3))));
}

/// utils/augmentations.py, letterbox(): grey bars.
std::vector<Preprocessing> pixels() {
  return {{.pad = {114, 114, 114}}};
}

}  // namespace
}  // namespace yolov5

const DecoderType yolov5_decoder{
    .name = "yolov5", .make = yolov5::make, .wanted = yolov5::wanted, .pixels = yolov5::pixels};

}  // namespace edge::detection
