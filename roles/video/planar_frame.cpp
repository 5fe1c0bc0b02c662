#include "roles/video/planar_frame.h"

#include <cstddef>
#include <utility>

#include "kernels/cpu.h"
#include "kernels/pointwise.h"

namespace edge {

PlanarFrame::PlanarFrame(std::int64_t rows, std::int64_t columns) : planes(nullptr) {
  FreshArray fresh = allocate_array(ElementType::u8, Shape{1, 3, rows, columns});
  planes = reinterpret_cast<std::uint8_t*>(fresh.data);
  array = std::move(fresh.array);
}

PlanarFrame planar_from_rgb24(const std::uint8_t* rgb, std::int64_t rows, std::int64_t columns) {
  PlanarFrame frame(rows, columns);
  kernels::rgb_to_planar(kernels::active_isa(), rgb, frame.planes, static_cast<std::size_t>(rows * columns));
  return frame;
}

Array frame_from_rgb24(const std::uint8_t* rgb, std::int64_t rows, std::int64_t columns) {
  return planar_from_rgb24(rgb, rows, columns).array;
}

}  // namespace edge
