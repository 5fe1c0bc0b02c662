// Softmax kernels, the readable truth that the other ISAs are tested against. Pure functions, thread-safe.
#include "kernels/scalar/exponential_scalar.h"
#include "kernels/softmax_kernels.h"

namespace edge::kernels {
namespace {

float largest(const float* in, std::size_t count) {
  float result = in[0];
  for (std::size_t i = 1; i < count; ++i) result = in[i] > result ? in[i] : result;
  return result;
}

float exponentials(const float* in, float* out, std::size_t count, float largest_value) {
  float sums[16] = {};
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = scalar::e(in[i] - largest_value);
    sums[i % 16] += out[i];
  }
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

void divide(float* values, std::size_t count, float divisor) {
  for (std::size_t i = 0; i < count; ++i) values[i] /= divisor;
}

}  // namespace

const SoftmaxKernels softmax_scalar = {Isa::scalar, largest, exponentials, divide};

}  // namespace edge::kernels
