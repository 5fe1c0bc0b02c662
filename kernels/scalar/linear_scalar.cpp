// The readable truth of the dot products of linear(). Any thread, no errors.
#include "kernels/linear_kernels.h"

namespace edge::kernels {

namespace {

void dot_rows(const float* in, const float* weights, std::int64_t count, int rows, float* dots) {
  for (int row = 0; row < rows; ++row) {
    float sums[16] = {};
    for (std::int64_t k = 0; k < count; ++k) sums[k % 16] += in[k] * weights[row * count + k];
    for (int half = 8; half >= 1; half /= 2) {
      for (int i = 0; i < half; ++i) sums[i] += sums[i + half];
    }
    dots[row] = sums[0];
  }
}

}  // namespace

const LinearKernels linear_kernels_scalar = {1, dot_rows};

}  // namespace edge::kernels
