#include "net/codec/prediction.h"

#include <algorithm>
#include <array>

#include "kernels/cpu.h"
#include "kernels/delta.h"

namespace edge::net {
namespace {

constexpr std::size_t rgb = 3;

using ReadRow = kernels::RgbPlanes;  // the same part of each plane; of one plane, only the data count
using WriteRow = kernels::WritableRgbPlanes;

void predict_row(ReadRow values, ReadRow old, WriteRow residuals, std::size_t planes, std::size_t count) {
  const kernels::Isa isa = kernels::active_isa();
  if (planes != rgb) return kernels::subtract(isa, values.data, old.data, residuals.data, count);
  kernels::subtract_rgb(isa, values, old, residuals, count);
}

/// `old` may be a part of the tensor that `values` is in, above it.
void restore_row(ReadRow residuals, ReadRow old, WriteRow values, std::size_t planes, std::size_t count) {
  const kernels::Isa isa = kernels::active_isa();
  if (planes != rgb) return kernels::add(isa, residuals.data, old.data, values.data, count);
  kernels::add_rgb(isa, residuals, old, values, count);
}

/// What lies above the first row; rows are processed in pieces of this length.
constexpr std::size_t zero_count = 1024;
constexpr std::array<std::uint8_t, zero_count> zeros{};

}  // namespace

PlaneLayout plane_layout(const Shape& shape) {
  const auto elements = static_cast<std::size_t>(shape.elements());
  PlaneLayout layout{.planes = 1, .plane_elements = elements, .columns = elements};
  if (elements > 0 && shape.rank() >= 2) {
    layout.columns = static_cast<std::size_t>(shape[shape.rank() - 1]);
    const std::size_t plane = layout.columns * static_cast<std::size_t>(shape[shape.rank() - 2]);
    if (elements == rgb * plane) {
      layout.planes = rgb;
      layout.plane_elements = plane;
    }
  }
  return layout;
}

void predict(const std::uint8_t* values, const std::uint8_t* base, const PlaneLayout& layout,
             std::size_t first, std::size_t count, std::uint8_t* residuals, std::size_t stride) {
  const std::size_t plane = layout.plane_elements;
  if (base != nullptr) {
    predict_row({values + first, plane}, {base + first, plane}, {residuals, stride}, layout.planes, count);
    return;
  }
  const std::size_t end = first + count;
  std::size_t at = first;
  for (; at < std::min(end, layout.columns);) {
    const std::size_t piece = std::min({zero_count, end - at, layout.columns - at});
    predict_row({values + at, plane}, {zeros.data(), 0}, {residuals + (at - first), stride}, layout.planes,
                piece);
    at += piece;
  }
  if (at < end) {
    predict_row({values + at, plane}, {values + at - layout.columns, plane},
                {residuals + (at - first), stride}, layout.planes, end - at);
  }
}

void restore(const std::uint8_t* residuals, const std::uint8_t* base, const PlaneLayout& layout,
             std::uint8_t* values) {
  const std::size_t plane = layout.plane_elements;
  if (base != nullptr) {
    restore_row({residuals, plane}, {base, plane}, {values, plane}, layout.planes, plane);
    return;
  }
  for (std::size_t at = 0; at < plane;) {
    const bool top = at < layout.columns;
    const std::size_t piece = top ? std::min(zero_count, layout.columns - at) : layout.columns;
    const ReadRow old = top ? ReadRow{zeros.data(), 0} : ReadRow{values + at - layout.columns, plane};
    restore_row({residuals + at, plane}, old, {values + at, plane}, layout.planes, piece);
    at += piece;
  }
}

}  // namespace edge::net
