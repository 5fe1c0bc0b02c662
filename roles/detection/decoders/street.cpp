// `street`, the network that comes with this program (docs/detection.md): one output 1x(C+4)xRxQ, the logits
// of a heat map per class, then dx, dy, log width, log height in cells. The form of "Objects as Points" (Zhou
// et al. 2019) with an unbounded offset; see centre_decoder.h.
#include <fmt/format.h>

#include "roles/detection/centre_decoder.h"
#include "roles/detection/decoders/decoder_type.h"

namespace edge::detection {
namespace street {
namespace {

constexpr std::int64_t box_planes = 4;
/// Of the shipped network.
constexpr std::int64_t usual_stride = 16, usual_classes = 2;

class StreetDecoder final : public Decoder {
 public:
  explicit StreetDecoder(const CentreGrid& grid) : grid_(grid) {}

  std::string_view name() const override { return street_decoder.name; }
  int classes() const override { return grid_.classes; }
  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    return decode_centres(grid_, outputs[0].values().data(), threshold);
  }
  float usual_threshold() const override { return 0.4F; }
  float usual_overlap() const override { return 0.5F; }

 private:
  CentreGrid grid_;
};

bool divides(std::int64_t side, std::int64_t stride, std::int64_t cells) {
  return (side + stride - 1) / stride == cells;
}

/// The power of two that divides both sides into so many cells, or 0.
std::int64_t stride_of(const Extent2d& frame, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t stride = 32; stride > 0; stride /= 2) {
    if (divides(frame.rows, stride, rows) && divides(frame.columns, stride, columns)) return stride;
  }
  return 0;
}

std::unique_ptr<const Decoder> make(const NetworkOutputs& outputs, Choice choice) {
  if (outputs.shapes.size() != 1) return nullptr;
  const Shape& shape = outputs.shapes[0];
  if (shape.rank() != 4 || shape[0] != 1) return nullptr;
  const std::int64_t classes = shape[1] - box_planes;
  if (classes < 1 || classes > most_classes) return nullptr;
  // Of a small frame several strides may fit: that of the shipped network comes first.
  const bool usual = divides(outputs.frame.rows, usual_stride, shape[2]) &&
                     divides(outputs.frame.columns, usual_stride, shape[3]);
  // Any other number of planes may just as well be a feature map.
  if (choice == Choice::guessed && !(usual && classes == usual_classes)) return nullptr;
  const std::int64_t stride = usual ? usual_stride : stride_of(outputs.frame, shape[2], shape[3]);
  if (stride == 0) return nullptr;
  return std::make_unique<StreetDecoder>(CentreGrid{.classes = static_cast<int>(classes),
                                                    .rows = shape[2],
                                                    .columns = shape[3],
                                                    .stride = static_cast<float>(stride)});
}

std::string wanted(const Extent2d& frame) {
  return fmt::format("1x(classes+4)x{}x{}, or with another stride than {}",
                     (frame.rows + usual_stride - 1) / usual_stride,
                     (frame.columns + usual_stride - 1) / usual_stride, usual_stride);
}

std::vector<Preprocessing> pixels() {
  return {{}};
}

}  // namespace
}  // namespace street

const DecoderType street_decoder{
    .name = "street", .make = street::make, .wanted = street::wanted, .pixels = street::pixels};

}  // namespace edge::detection
