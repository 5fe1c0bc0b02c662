#include "roles/video/plane_scaler.h"

#include <algorithm>
#include <cstddef>

namespace edge {
namespace {

constexpr int weight_bits = 14;
constexpr int narrowed_bits = 7;  // fraction bits between the two passes: 255 << 7 fits 16 bits

std::size_t index(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

PlaneScaler::Extent with_all_shown(PlaneScaler::Extent extent) {
  if (extent.shown == 0) extent.shown = extent.out - extent.begin;
  return extent;
}

}  // namespace

PlaneScaler::Taps::Taps(const Extent& extent) {
  // Positions are in units of 1 / (4 * out) of a source pixel, so that all of them are integers.
  const std::int64_t unit = 4 * extent.out;
  const std::int64_t radius = std::max(unit, 4 * extent.in);
  count = std::min(extent.in, 2 * ((radius + unit - 1) / unit) + 1);
  first.resize(index(extent.shown));
  weights.assign(index(extent.shown * count), 0);
  for (std::int64_t i = 0; i < extent.shown; ++i) {
    const std::int64_t out = extent.begin + i;
    std::int64_t centre = 2 * (2 * out + 1) * extent.in - 2 * extent.out;
    if (extent.siting == Siting::first) centre += extent.out;  // a quarter of a sample
    // The samples strictly within the radius; those beyond the edge count as the edge.
    const auto floor_divide = [](std::int64_t a, std::int64_t b) {
      return a >= 0 ? a / b : -((-a + b - 1) / b);
    };
    const std::int64_t low = floor_divide(centre - radius, unit) + 1;
    const std::int64_t high = -floor_divide(-(centre + radius), unit) - 1;
    const std::int64_t start = std::clamp<std::int64_t>(low, 0, extent.in - count);
    const auto height = [&](std::int64_t in) { return radius - std::abs(in * unit - centre); };
    std::int64_t total = 0;
    for (std::int64_t in = low; in <= high; ++in) total += height(in);
    // Rounding the cumulated weights keeps their sum exact.
    std::int64_t cumulated = 0, before = 0;
    for (std::int64_t in = low; in <= high; ++in) {
      cumulated += height(in);
      const std::int64_t rounded = ((cumulated << weight_bits) + total / 2) / total;
      const std::int64_t tap = std::clamp<std::int64_t>(in, 0, extent.in - 1) - start;
      weights[index(i * count + tap)] += static_cast<std::int32_t>(rounded - before);
      before = rounded;
    }
    first[index(i)] = start;
  }
}

PlaneScaler::PlaneScaler(const Extent& rows, const Extent& columns)
    : rows_(with_all_shown(rows)),
      columns_(with_all_shown(columns)),
      row_taps_(rows_),
      column_taps_(columns_),
      sums_(index(columns_.shown)) {}

void PlaneScaler::scale(const std::uint8_t* in, std::uint8_t* out) {
  const auto unchanged = [](const Extent& extent) {
    return extent.in == extent.shown && extent.in == extent.out && extent.siting == Siting::centre;
  };
  if (unchanged(rows_) && unchanged(columns_)) {
    std::copy_n(in, rows_.in * columns_.in, out);
    return;
  }
  narrowed_.resize(index(rows_.in * columns_.shown));
  for (std::int64_t row = 0; row < rows_.in; ++row) {
    const std::uint8_t* source = in + row * columns_.in;
    std::uint16_t* target = narrowed_.data() + row * columns_.shown;
    for (std::int64_t column = 0; column < columns_.shown; ++column) {
      const std::int32_t* weights = column_taps_.weights.data() + column * column_taps_.count;
      const std::uint8_t* from = source + column_taps_.first[index(column)];
      std::int32_t sum = 1 << (weight_bits - narrowed_bits - 1);
      for (std::int64_t tap = 0; tap < column_taps_.count; ++tap) sum += from[tap] * weights[tap];
      target[column] = static_cast<std::uint16_t>(sum >> (weight_bits - narrowed_bits));
    }
  }
  for (std::int64_t row = 0; row < rows_.shown; ++row) {
    std::fill(sums_.begin(), sums_.end(), 1 << (weight_bits + narrowed_bits - 1));
    for (std::int64_t tap = 0; tap < row_taps_.count; ++tap) {
      const std::int32_t weight = row_taps_.weights[index(row * row_taps_.count + tap)];
      if (weight == 0) continue;
      const std::uint16_t* source = narrowed_.data() + (row_taps_.first[index(row)] + tap) * columns_.shown;
      for (std::size_t column = 0; column < sums_.size(); ++column) sums_[column] += source[column] * weight;
    }
    std::uint8_t* target = out + row * columns_.shown;
    for (std::size_t column = 0; column < sums_.size(); ++column) {
      target[column] = static_cast<std::uint8_t>(sums_[column] >> (weight_bits + narrowed_bits));
    }
  }
}

}  // namespace edge
