// The block gate's row operations, readable. Pure functions, thread-safe, no errors.
#include "kernels/block_gate_kernels.h"

namespace edge::kernels {
namespace {

std::int16_t narrow(int value) {
  return static_cast<std::int16_t>(value);
}

void difference_row(RgbPlanes picture, RgbPlanes held, std::size_t count, std::int16_t* luma,
                    std::int16_t* red, std::int16_t* blue) {
  for (std::size_t i = 0; i < count; ++i) {
    const int r = picture.data[i] - held.data[i];
    const int g = picture.data[picture.stride + i] - held.data[held.stride + i];
    const int b = picture.data[2 * picture.stride + i] - held.data[2 * held.stride + i];
    luma[i] = narrow(2 * r + 5 * g + b);
    red[i] = narrow(r);
    blue[i] = narrow(b);
  }
}

void slide(const std::int16_t* entering, const std::int16_t* leaving, std::size_t count, std::int16_t* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] = narrow(sums[i] + entering[i] - leaving[i]);
}

void raise_peaks(const std::int16_t* sums, int shift, std::size_t count, std::int16_t* peaks) {
  for (std::size_t i = 0; i < count; ++i) {
    int sum = 0;
    for (std::size_t k = 0; k < 5; ++k) sum += sums[i + k] >> shift;
    const int size = sum < 0 ? -sum : sum;
    if (size > peaks[i]) peaks[i] = narrow(size);
  }
}

}  // namespace

const BlockGateKernels block_gate_scalar = {Isa::scalar, difference_row, slide, raise_peaks};

}  // namespace edge::kernels
