// Long sums for training: several running sums side by side, so that one addition need not wait for the one
// before it, joined in one order, so that the same numbers give the same bits. No errors.
#pragma once

#include <array>
#include <cstdint>

namespace edge::autograd {

/// term(0) + ... + term(count - 1) in double precision.
template <class Term>
double sum_in_lanes(std::int64_t count, const Term& term) {
  constexpr std::int64_t lanes = 8;
  std::array<double, lanes> sums{};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) sums[static_cast<std::size_t>(lane)] += term(i + lane);
  }
  double sum = 0;
  for (const double part : sums) sum += part;
  for (; i < count; ++i) sum += term(i);
  return sum;
}

}  // namespace edge::autograd
