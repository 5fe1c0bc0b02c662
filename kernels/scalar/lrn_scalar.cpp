// Local response normalisation, the readable truth that the other ISAs are tested against. Thread-safe.
#include <cmath>

#include "kernels/lrn_kernels.h"

namespace edge::kernels {
namespace {

void row(const LrnRow& row, LrnPower power) {
  for (std::ptrdiff_t i = 0; i < row.count; ++i) {
    float sum = 0;
    for (std::ptrdiff_t c = 0; c < row.channels; ++c) {
      const float value = row.window[c * row.channel_step + i];
      sum = std::fma(value, value, sum);
    }
    const float d = std::fma(sum, row.scale, row.k);
    const float root = std::sqrt(d);
    if (power == LrnPower::half) row.out[i] = row.in[i] / root;
    if (power == LrnPower::three_quarters) row.out[i] = row.in[i] / (root * std::sqrt(root));
    if (power == LrnPower::one) row.out[i] = row.in[i] / d;
    if (power == LrnPower::none) row.out[i] = d;
  }
}

}  // namespace

const LrnKernels lrn_scalar = {Isa::scalar, row};

}  // namespace edge::kernels
