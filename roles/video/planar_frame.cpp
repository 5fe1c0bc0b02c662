#include "roles/video/planar_frame.h"

#include <cstddef>
#include <memory>

#include "kernels/cpu.h"
#include "kernels/pointwise.h"

namespace edge {

PlanarFrame::PlanarFrame(std::int64_t rows, std::int64_t columns) : planes(nullptr) {
  const auto bytes = static_cast<std::size_t>(3 * rows * columns);
  const std::shared_ptr<std::uint8_t[]> storage(new std::uint8_t[bytes]);
  planes = storage.get();
  elements.type = net::ElementType::u8;
  elements.shape = Shape{1, 3, rows, columns};
  elements.data = reinterpret_cast<const std::byte*>(planes);
  elements.storage = storage;
}

net::Elements frame_from_rgb24(const std::uint8_t* rgb, std::int64_t rows, std::int64_t columns) {
  PlanarFrame frame(rows, columns);
  kernels::rgb_to_planar(kernels::active_isa(), rgb, frame.planes, static_cast<std::size_t>(rows * columns));
  return frame.elements;
}

}  // namespace edge
