#include <algorithm>

#include "roles/detection/decoder.h"

namespace edge::detection {
namespace {

/// In the picture's pixels, as far as it reaches.
Box in_picture(const Box& box, const Placement& placement) {
  const auto columns = static_cast<double>(placement.picture.columns);
  const auto rows = static_cast<double>(placement.picture.rows);
  const auto x = [&](float at) {
    return static_cast<float>(std::clamp(placement.picture_x(static_cast<double>(at)), 0.0, columns));
  };
  const auto y = [&](float at) {
    return static_cast<float>(std::clamp(placement.picture_y(static_cast<double>(at)), 0.0, rows));
  };
  return {.left = x(box.left), .top = y(box.top), .right = x(box.right), .bottom = y(box.bottom)};
}

}  // namespace

std::vector<Detection> find_objects(const Decoder& decoder, std::span<const Array> outputs,
                                    const Wanted& wanted, const Placement& placement) {
  std::vector<Detection> found = decoder.decode(outputs, wanted.threshold);
  if (!wanted.classes.empty()) {
    std::erase_if(found, [&](const Detection& object) {
      return std::find(wanted.classes.begin(), wanted.classes.end(), object.class_index) ==
             wanted.classes.end();
    });
  }
  for (Detection& object : found) object.box = in_picture(object.box, placement);
  std::erase_if(found, [](const Detection& object) { return !(object.box.area() > 0); });
  found = suppress_overlapping(std::move(found), wanted.overlap);
  if (found.size() > most_objects) found.resize(most_objects);
  return found;
}

}  // namespace edge::detection
