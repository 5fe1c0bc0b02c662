// The readable truth of a gemm microkernel: 4x4, product and sum rounded separately. Any thread, no errors.
#include "kernels/gemm_kernels.h"

namespace edge::kernels {

namespace {

constexpr int nr = 4;

float finish(float value, int row, std::int64_t index, const Epilogue& epilogue) {
  if (epilogue.bias != nullptr) value += epilogue.bias[row];
  if (epilogue.residual != nullptr) value += epilogue.residual[index];
  if (epilogue.activation.kind == Activation::Kind::none) return value;
  if (value <= 0.0F) value = 0.0F;
  return value > epilogue.activation.b ? epilogue.activation.b : value;
}

template <int rows>
void gemm(std::int64_t k, const float* a_panel, const float* b_panel, float* c, std::int64_t ldc,
          bool accumulate, const Epilogue* epilogue) {
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < nr; ++column) {
      const std::int64_t index = row * ldc + column;
      float sum = accumulate ? c[index] : 0.0F;
      for (std::int64_t i = 0; i < k; ++i) sum += a_panel[i * rows + row] * b_panel[i * nr + column];
      c[index] = epilogue != nullptr ? finish(sum, row, index, *epilogue) : sum;
    }
  }
}

constexpr GemmMicrokernel kernels[] = {
    {"f32-gemm 1x4 scalar", Isa::scalar, 1, nr, gemm<1>},
    {"f32-gemm 2x4 scalar", Isa::scalar, 2, nr, gemm<2>},
    {"f32-gemm 3x4 scalar", Isa::scalar, 3, nr, gemm<3>},
    {"f32-gemm 4x4 scalar", Isa::scalar, 4, nr, gemm<4>},
};

}  // namespace

const GemmKernels gemm_kernels_scalar = {4, nr, kernels, {}};

}  // namespace edge::kernels
