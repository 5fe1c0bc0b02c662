// Stands in for the decoders until they are there: delete this file then. Knows one form only, a single
// output 1x(classes + 4)x(rows / stride)x(columns / stride) of centres.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "roles/detection/centre_decoder.h"
#include "roles/detection/decoder.h"

namespace edge::detection {
namespace {

class Centres final : public Decoder {
 public:
  explicit Centres(const CentreGrid& grid) : grid_(grid) {}
  std::string_view name() const override { return "street"; }
  int classes() const override { return grid_.classes; }
  std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const override {
    return decode_centres(grid_, outputs.front().values().data(), threshold);
  }

 private:
  CentreGrid grid_;
};

}  // namespace

std::vector<std::string> decoder_names() {
  return {"street"};
}

std::unique_ptr<const Decoder> make_decoder(const std::string& name, const Graph& graph) {
  if (name == "none") return nullptr;
  const Shape& frame = graph.layer(0).output_shape;
  const Shape& shape = graph.layer(graph.output()).output_shape;
  const bool fits = graph.outputs().size() == 1 && shape.rank() == 4 && shape[1] > 4 && shape[1] < 100 &&
                    frame[2] == 16 * shape[2] && frame[3] == 16 * shape[3];
  if (fits) {
    return std::make_unique<Centres>(CentreGrid{
        .classes = static_cast<int>(shape[1]) - 4, .rows = shape[2], .columns = shape[3], .stride = 16});
  }
  if (name == "auto") return nullptr;
  throw Error(
      fmt::format("decoder {}: {} has no such output, but {}", name, graph.name(), shape.to_string()));
}

std::vector<Detection> find_objects(const Decoder& decoder, std::span<const Array> outputs,
                                    const Wanted& wanted, const Placement& placement) {
  std::vector<Detection> found = decoder.decode(outputs, wanted.threshold);
  std::erase_if(found, [&](const Detection& one) {
    const Box& box = one.box;
    const bool kept = wanted.classes.empty() || std::find(wanted.classes.begin(), wanted.classes.end(),
                                                          one.class_index) != wanted.classes.end();
    return !kept || !std::isfinite(box.left + box.top + box.right + box.bottom);
  });
  found = suppress_overlapping(std::move(found), wanted.overlap);
  if (found.size() > most_objects) found.resize(most_objects);
  const auto clip = [](double value, std::int64_t most) {
    return static_cast<float>(std::clamp(value, 0.0, static_cast<double>(most)));
  };
  for (Detection& one : found) {
    one.box = {clip(placement.picture_x(one.box.left), placement.picture.columns),
               clip(placement.picture_y(one.box.top), placement.picture.rows),
               clip(placement.picture_x(one.box.right), placement.picture.columns),
               clip(placement.picture_y(one.box.bottom), placement.picture.rows)};
  }
  return found;
}

}  // namespace edge::detection
