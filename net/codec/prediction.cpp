#include "net/codec/prediction.h"

#include <algorithm>
#include <array>

namespace edge::net {
namespace {

constexpr std::size_t rgb = 3;

constexpr std::uint8_t difference(std::uint8_t a, std::uint8_t b) {
  return static_cast<std::uint8_t>(a - b);
}
constexpr std::uint8_t sum(std::uint8_t a, std::uint8_t b) {
  return static_cast<std::uint8_t>(a + b);
}

// The loops are left to the compiler's vectoriser, which needs to know that what is written is apart from the
// rest.

void predict_rgb(const std::uint8_t* v0, const std::uint8_t* v1, const std::uint8_t* v2,
                 const std::uint8_t* o0, const std::uint8_t* o1, const std::uint8_t* o2,
                 std::uint8_t* __restrict r0, std::uint8_t* __restrict r1, std::uint8_t* __restrict r2,
                 std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t middle = difference(v1[i], o1[i]);
    r0[i] = difference(difference(v0[i], o0[i]), middle);
    r1[i] = middle;
    r2[i] = difference(difference(v2[i], o2[i]), middle);
  }
}

void restore_rgb(const std::uint8_t* r0, const std::uint8_t* r1, const std::uint8_t* r2,
                 const std::uint8_t* o0, const std::uint8_t* o1, const std::uint8_t* o2,
                 std::uint8_t* __restrict v0, std::uint8_t* __restrict v1, std::uint8_t* __restrict v2,
                 std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t middle = r1[i];
    v0[i] = sum(sum(r0[i], middle), o0[i]);
    v1[i] = sum(middle, o1[i]);
    v2[i] = sum(sum(r2[i], middle), o2[i]);
  }
}

void predict_one(const std::uint8_t* values, const std::uint8_t* old, std::uint8_t* __restrict residuals,
                 std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) residuals[i] = difference(values[i], old[i]);
}

void restore_one(const std::uint8_t* residuals, const std::uint8_t* old, std::uint8_t* __restrict values,
                 std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] = sum(residuals[i], old[i]);
}

/// The same part of each plane; planes lie `stride` apart.
template <typename Byte>
struct Row {
  Byte* data = nullptr;
  std::size_t stride = 0;
  Byte* plane(std::size_t p) const { return data + p * stride; }
};
using ReadRow = Row<const std::uint8_t>;
using WriteRow = Row<std::uint8_t>;

void predict_row(ReadRow values, ReadRow old, WriteRow residuals, std::size_t planes, std::size_t count) {
  if (planes != rgb) return predict_one(values.data, old.data, residuals.data, count);
  predict_rgb(values.plane(0), values.plane(1), values.plane(2), old.plane(0), old.plane(1), old.plane(2),
              residuals.plane(0), residuals.plane(1), residuals.plane(2), count);
}

/// `old` may be a part of the tensor that `values` is in, above it.
void restore_row(ReadRow residuals, ReadRow old, WriteRow values, std::size_t planes, std::size_t count) {
  if (planes != rgb) return restore_one(residuals.data, old.data, values.data, count);
  restore_rgb(residuals.plane(0), residuals.plane(1), residuals.plane(2), old.plane(0), old.plane(1),
              old.plane(2), values.plane(0), values.plane(1), values.plane(2), count);
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
