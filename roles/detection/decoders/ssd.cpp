// SSD: two outputs, boxes 1xNx4 and classes 1xNxC in any order; class 0 is the background.
//
// * torchvision's ssdlite320_mobilenet_v3_large and ssd300_vgg16, exported without their postprocessing
//   (torchvision/models/detection/ssd.py, _utils.py class BoxCoder): corrections of its default boxes
//   (default_boxes.h), with the weights 10, 10, 5, 5, and logits of which a softmax is taken.
// * Boxes that are ready: left, top, right, bottom as shares of the frame (or in pixels, if any is larger
// than
//   2) and probabilities, as https://github.com/qfgaohao/pytorch-ssd and
//   https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB export them.
//
// If N is that of torchvision's default boxes, the values tell the two apart (the second has only
// probabilities and boxes in order); any other N is the second. Every class of a box that is above the
// threshold is proposed.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "roles/detection/decoders/candidates.h"
#include "roles/detection/decoders/decoder_type.h"
#include "roles/detection/decoders/default_boxes.h"
#include "roles/detection/decoders/levels.h"

namespace edge::detection {
namespace ssd {
namespace {

constexpr std::int64_t sides = 4;
constexpr float centre_weight = 10, size_weight = 5;
/// Of corrections of sizes, as torchvision has it: exp of it is 1000 / 16.
constexpr float largest_log = 4.135166556742356F;
constexpr float largest_share = 2;

class SsdDecoder final : public Decoder {
 public:
  SsdDecoder(const Extent2d& frame, std::vector<DefaultBox> defaults, std::size_t box_output,
             std::int64_t classes)
      : frame_(frame), defaults_(std::move(defaults)), box_output_(box_output), classes_(classes) {}

  std::string_view name() const override { return ssd_decoder.name; }
  int classes() const override { return static_cast<int>(classes_); }
  float usual_threshold() const override { return 0.4F; }
  float usual_overlap() const override { return 0.45F; }

  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    const std::span<const float> boxes = outputs[box_output_].values();
    const std::span<const float> scores = outputs[1 - box_output_].values();
    return are_ready(boxes, scores) ? of_ready(boxes, scores, threshold)
                                    : of_corrections(boxes, scores, threshold);
  }

 private:
  bool are_ready(std::span<const float> boxes, std::span<const float> scores) const {
    if (defaults_.empty()) return true;
    if (std::any_of(scores.begin(), scores.end(), [](float score) { return score < 0 || score > 1; })) {
      return false;
    }
    bool any = false;
    for (const float* box = boxes.data(); box != boxes.data() + boxes.size(); box += sides) {
      if (box[2] < box[0] || box[3] < box[1]) return false;
      any = any || (box[2] > box[0] && box[3] > box[1]);
    }
    return any;
  }

  std::vector<Detection> of_ready(std::span<const float> boxes, std::span<const float> scores,
                                  float threshold) const {
    Candidates candidates(threshold);
    const bool pixels =
        std::any_of(boxes.begin(), boxes.end(), [](float side) { return side > largest_share; });
    const float width = pixels ? 1 : static_cast<float>(frame_.columns);
    const float height = pixels ? 1 : static_cast<float>(frame_.rows);
    const float* box = boxes.data();
    for (const float* row = scores.data(); row != scores.data() + scores.size(); row += classes_) {
      for (std::int64_t index = 1; index < classes_; ++index) {
        candidates.add(static_cast<int>(index), row[index],
                       {.left = box[0] * width,
                        .top = box[1] * height,
                        .right = box[2] * width,
                        .bottom = box[3] * height});
      }
      box += sides;
    }
    return candidates.take();
  }

  std::vector<Detection> of_corrections(std::span<const float> boxes, std::span<const float> scores,
                                        float threshold) const {
    Candidates candidates(threshold);
    // A probability is at most exp(logit - largest logit).
    const float least = threshold > 0 ? std::log(threshold) - 0.01F : -INFINITY;
    const float* correction = boxes.data();
    const float* row = scores.data();
    for (const DefaultBox& box : defaults_) {
      const float largest = *std::max_element(row, row + classes_);
      const float object = *std::max_element(row + 1, row + classes_);
      if (object - largest >= least && std::isfinite(largest)) {
        float sum = 0;
        for (std::int64_t i = 0; i < classes_; ++i) sum += std::exp(row[i] - largest);
        for (std::int64_t i = 1; i < classes_; ++i) {
          const float score = std::exp(row[i] - largest) / sum;
          if (candidates.wants(score)) candidates.add(static_cast<int>(i), score, corrected(box, correction));
        }
      }
      row += classes_;
      correction += sides;
    }
    return candidates.take();
  }

  static Box corrected(const DefaultBox& box, const float* by) {
    const auto scale = [](float x) {  // a NaN stays one
      return std::exp(x / size_weight > largest_log ? largest_log : x / size_weight);
    };
    return centred_box(box.x + by[0] / centre_weight * box.width, box.y + by[1] / centre_weight * box.height,
                       box.width * scale(by[2]), box.height * scale(by[3]));
  }

  Extent2d frame_;
  std::vector<DefaultBox> defaults_;  ///< empty: the network's boxes are ready
  std::size_t box_output_;            ///< the other has the classes
  std::int64_t classes_;
};

/// Of the two networks with ready boxes that guesses may take: three or two boxes per cell of strides 8
/// to 64.
std::int64_t light_face_boxes(const Extent2d& frame) {
  constexpr std::array<std::int64_t, 4> strides{8, 16, 32, 64}, boxes{3, 2, 2, 3};
  const std::vector<Level> levels = levels_of(frame, strides);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) count += levels[i].cells() * boxes[i];
  return count;
}

bool are_rows(const Shape& shape) {
  return shape.rank() == 3 && shape[0] == 1 && shape[2] >= 2 && shape[2] <= most_classes;
}

std::unique_ptr<const Decoder> make(const NetworkOutputs& outputs, Choice choice) {
  if (outputs.shapes.size() != 2) return nullptr;
  const Shape &first = outputs.shapes[0], &second = outputs.shapes[1];
  if (!are_rows(first) || !are_rows(second) || first[1] != second[1]) return nullptr;
  // Of two with four columns the boxes come first, as in torchvision.
  const std::size_t box_output = first[2] == sides ? 0 : 1;
  if (outputs.shapes[box_output][2] != sides) return nullptr;
  const std::int64_t classes = outputs.shapes[1 - box_output][2];
  std::vector<DefaultBox> defaults;
  for (auto* const family : {ssdlite_boxes, ssd300_boxes}) {
    std::vector<DefaultBox> boxes = family(outputs.frame);
    if (static_cast<std::int64_t>(boxes.size()) != first[1]) continue;
    defaults = std::move(boxes);
    break;
  }
  // Other families of detectors have two such outputs, too, with boxes that mean something else.
  if (choice == Choice::guessed && defaults.empty() && first[1] != light_face_boxes(outputs.frame)) {
    return nullptr;
  }
  return std::make_unique<SsdDecoder>(outputs.frame, std::move(defaults), box_output, classes);
}

std::string wanted(const Extent2d& frame) {
  const std::size_t lite = ssdlite_boxes(frame).size(), full = ssd300_boxes(frame).size();
  const std::string also = full > 0 ? fmt::format(" or {}", full) : std::string();
  return fmt::format(
      "1xNx4 and 1xNx(classes+1), with N = {}{} for torchvision's default boxes, any other N "
      "for boxes that are ready",
      lite, also);
}

/// SSDlite of torchvision, and nearly so (127 and 128 of 255) pytorch-ssd; SSD300 of torchvision.
std::vector<Preprocessing> pixels() {
  return {{.mean = {{0.5, 0.5, 0.5}}, .deviation = {{0.5, 0.5, 0.5}}},
          {.pixel_range = 255, .mean = {{123, 117, 104}}}};
}

}  // namespace
}  // namespace ssd

const DecoderType ssd_decoder{.name = "ssd", .make = ssd::make, .wanted = ssd::wanted, .pixels = ssd::pixels};

}  // namespace edge::detection
