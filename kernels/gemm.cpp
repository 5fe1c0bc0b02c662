// The registry of microkernels and the walk over one column panel of C. Any thread, no errors.
#include "kernels/gemm.h"

#include <algorithm>
#include <cassert>

#include "kernels/gemm_kernels.h"

namespace edge::kernels {

const GemmKernels& gemm_kernels(Isa isa) {
  switch (isa) {
#if defined(EDGE_HAVE_AVX2)
    case Isa::avx2:
      return gemm_kernels_avx2;
#endif
#if defined(EDGE_HAVE_NEON)
    case Isa::neon:
      return gemm_kernels_neon;
#endif
    default:
      assert(isa == Isa::scalar && "this build has no kernels for that ISA");
      return gemm_kernels_scalar;
  }
}

const std::vector<GemmMicrokernel>& gemm_microkernels() {
  static const std::vector<GemmMicrokernel> all = [] {
    std::vector<GemmMicrokernel> found;
    for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2}) {
      if (!isa_supported(isa)) continue;
      const GemmKernels& kernels = gemm_kernels(isa);
      found.insert(found.end(), kernels.rows, kernels.rows + kernels.mr);
    }
    return found;
  }();
  return all;
}

const GemmMicrokernel& gemm_microkernel(Isa isa) {
  const GemmKernels& kernels = gemm_kernels(isa);
  return kernels.rows[kernels.mr - 1];
}

std::int64_t balanced_block(std::int64_t k, std::int64_t kc) {
  const std::int64_t blocks = std::max<std::int64_t>(1, (k + kc - 1) / kc);
  return std::max<std::int64_t>(1, (k + blocks - 1) / blocks);
}

namespace {

/// A block with fewer than nr columns: the microkernel works on a copy, as it reads and writes whole tiles.
void partial_tile(const GemmMicrokernel& kernel, std::int64_t columns, std::int64_t kc, const float* a,
                  const float* b, float* c, std::int64_t ldc, bool accumulate, const Epilogue* epilogue) {
  constexpr int largest_tile = 128;
  assert(kernel.mr * kernel.nr <= largest_tile);
  float tile[largest_tile] = {};
  float residual[largest_tile] = {};
  const auto copy_in = [&](const float* from, float* to) {
    for (int row = 0; row < kernel.mr; ++row) std::copy_n(from + row * ldc, columns, to + row * kernel.nr);
  };
  Epilogue local;
  if (epilogue != nullptr) {
    local = *epilogue;
    if (epilogue->residual != nullptr) {
      copy_in(epilogue->residual, residual);
      local.residual = residual;
    }
  }
  if (accumulate) copy_in(c, tile);
  kernel.run(kc, a, b, tile, kernel.nr, accumulate, epilogue != nullptr ? &local : nullptr);
  for (int row = 0; row < kernel.mr; ++row) std::copy_n(tile + row * kernel.nr, columns, c + row * ldc);
}

}  // namespace

void gemm_column_panel(const GemmKernels& kernels, std::int64_t m, std::int64_t columns, std::int64_t kc,
                       const float* a_panels, const float* b_panel, float* c, std::int64_t ldc,
                       bool accumulate, const Epilogue* epilogue) {
  Epilogue local;
  for (std::int64_t row = 0; row < m; row += kernels.mr) {
    const GemmMicrokernel& kernel = kernels.rows[std::min<std::int64_t>(kernels.mr, m - row) - 1];
    const Epilogue* here = nullptr;
    if (epilogue != nullptr) {
      local.bias = epilogue->bias != nullptr ? epilogue->bias + row : nullptr;
      local.residual = epilogue->residual != nullptr ? epilogue->residual + row * ldc : nullptr;
      local.relu = epilogue->relu;
      here = &local;
    }
    if (accumulate) {
      // The next tile starts with loads of C, which nothing else would have fetched by then.
      for (std::int64_t next = row + kernel.mr; next < std::min<std::int64_t>(m, row + 2 * kernel.mr);
           ++next) {
        __builtin_prefetch(c + next * ldc, 1);
        __builtin_prefetch(c + next * ldc + columns - 1, 1);
      }
    }
    if (columns == kernels.nr) {
      kernel.run(kc, a_panels + row * kc, b_panel, c + row * ldc, ldc, accumulate, here);
    } else {
      partial_tile(kernel, columns, kc, a_panels + row * kc, b_panel, c + row * ldc, ldc, accumulate, here);
    }
  }
}

}  // namespace edge::kernels
