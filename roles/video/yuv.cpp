#include "roles/video/yuv.h"

#include <algorithm>

namespace edge {
namespace {

// Coefficients in 1/65536: R = luma + red_v V, G = luma - green_u U - green_v V, B = luma + blue_u U.
struct Coefficients {
  std::int32_t offset, luma, red_v, green_u, green_v, blue_u;
};
constexpr Coefficients bt601_limited = {16, 76309, 104597, 25675, 53279, 132201};
constexpr Coefficients bt601_full = {0, 65536, 91881, 22554, 46802, 116130};
constexpr Coefficients bt709_limited = {16, 76309, 117489, 13975, 34925, 138438};
constexpr Coefficients bt709_full = {0, 65536, 103206, 12276, 30679, 121609};

const Coefficients& coefficients(YuvMatrix matrix, YuvRange range) {
  if (matrix == YuvMatrix::bt601) return range == YuvRange::limited ? bt601_limited : bt601_full;
  return range == YuvRange::limited ? bt709_limited : bt709_full;
}

std::uint8_t to_u8(std::int32_t value) {
  return static_cast<std::uint8_t>(std::clamp(value >> 16, 0, 255));
}

}  // namespace

void yuv_to_rgb(YuvMatrix matrix, YuvRange range, const std::uint8_t* y, const std::uint8_t* u,
                const std::uint8_t* v, std::uint8_t* r, std::uint8_t* g, std::uint8_t* b,
                std::size_t pixels) {
  const Coefficients c = coefficients(matrix, range);
  const bool colour = u != nullptr && v != nullptr;
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::int32_t luma = (y[i] - c.offset) * c.luma + (1 << 15);
    const std::int32_t cb = colour ? u[i] - 128 : 0;
    const std::int32_t cr = colour ? v[i] - 128 : 0;
    r[i] = to_u8(luma + c.red_v * cr);
    g[i] = to_u8(luma - c.green_u * cb - c.green_v * cr);
    b[i] = to_u8(luma + c.blue_u * cb);
  }
}

}  // namespace edge
