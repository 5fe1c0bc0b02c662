// Local response normalisation written once for all vector ISAs, over the vector type
// (kernels/<isa>/vector_<isa>.h) of the one file that instantiates it. The arithmetic is that of
// kernels/scalar/lrn_scalar.cpp. Thread-safe, no errors.
#pragma once

#include <cstddef>

#include "kernels/lrn_kernels.h"

namespace edge::kernels::vector_loops {

template <class V, LrnPower power>
[[gnu::always_inline]] inline void lrn_pixels(const LrnRow& row, std::ptrdiff_t i) {
  auto sum = V::set(0.0F);
  const float* values = row.window + i;
  for (std::ptrdiff_t c = 0; c < row.channels; ++c, values += row.channel_step) {
    const auto value = V::load(values);
    sum = V::fma(value, value, sum);
  }
  const auto d = V::fma(sum, V::set(row.scale), V::set(row.k));
  if constexpr (power == LrnPower::none) return V::store(row.out + i, d);
  auto divisor = d;
  if constexpr (power == LrnPower::half) divisor = V::sqrt(d);
  if constexpr (power == LrnPower::three_quarters) {
    const auto root = V::sqrt(d);
    divisor = V::mul(root, V::sqrt(root));
  }
  V::store(row.out + i, V::div(V::load(row.in + i), divisor));
}

template <class V, LrnPower power>
void lrn_row_to(const LrnRow& row) {
  constexpr std::ptrdiff_t lanes = V::lanes;
  std::ptrdiff_t i = 0;
  for (; i + lanes <= row.count; i += lanes) lrn_pixels<V, power>(row, i);
  if (i < row.count) lrn_pixels<V, power>(row, row.count - lanes);  // the last ones once more, overlapping
}

template <class V>
void lrn_row(const LrnRow& row, LrnPower power) {
  if (row.count < V::lanes) return lrn_scalar.row(row, power);
  switch (power) {
    case LrnPower::half:
      return lrn_row_to<V, LrnPower::half>(row);
    case LrnPower::three_quarters:
      return lrn_row_to<V, LrnPower::three_quarters>(row);
    case LrnPower::one:
      return lrn_row_to<V, LrnPower::one>(row);
    case LrnPower::none:
      return lrn_row_to<V, LrnPower::none>(row);
  }
}

}  // namespace edge::kernels::vector_loops
