// Softmax: the rows, over the ISA's kernels. Pure functions, thread-safe.
#include "kernels/softmax.h"

#include "kernels/softmax_variants.h"

namespace edge::kernels {

Variants<SoftmaxKernels> softmax_variants() {
  static constexpr const SoftmaxKernels* variants[] = {
    &softmax_scalar,
#if defined(EDGE_HAVE_NEON)
    &softmax_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &softmax_avx2,
#endif
  };
  return variants;
}

void softmax(Isa isa, const float* in, float* out, std::size_t rows, std::size_t columns) {
  if (columns == 0) return;
  const SoftmaxKernels& kernels = variant_for(isa, softmax_variants());
  for (std::size_t row = 0; row < rows; ++row, in += columns, out += columns) {
    // A NaN that `largest` overlooks still reaches the sum, and so every value of the row.
    const float sum = kernels.exponentials(in, out, columns, kernels.largest(in, columns));
    kernels.divide(out, columns, sum);
  }
}

}  // namespace edge::kernels
