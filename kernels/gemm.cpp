// The registry of microkernels and the walk over one column panel of C. Any thread, no errors.
#include "kernels/gemm.h"

#include <algorithm>
#include <cassert>
#include <string_view>

#include "kernels/gemm_kernels.h"

namespace edge::kernels {

namespace {

/// Expanded panels trade instructions for loads. These cores execute NEON faster than they load: there, the
/// microkernel that duplicates while it loads takes fewer cycles (llvm-mca and the cores' manuals,
/// docs/performance.md). A Cortex-A7 needs four cycles for a multiply-add, so that it has time for the loads.
bool loads_limit(std::string_view core) {
  return core == "Cortex-A53" || core == "Cortex-A55" || core == "Cortex-A72" || core == "Cortex-A76";
}

GemmKernels with_blocking(GemmKernels kernels) {
  if (kernels.expanded != nullptr && loads_limit(cpu_model())) kernels.expanded = nullptr;
  const int copies = kernels.expanded != nullptr ? kernels.expanded->copies : 1;
  kernels.blocking = gemm_blocking(kernels.rows[0].isa, kernels.mr, kernels.nr, copies, cache_sizes());
  return kernels;
}

}  // namespace

const GemmKernels& gemm_kernels(Isa isa) {
  switch (isa) {
#if defined(EDGE_HAVE_AVX2)
    case Isa::avx2: {
      static const GemmKernels avx2 = with_blocking(gemm_kernels_avx2);
      return avx2;
    }
#endif
#if defined(EDGE_HAVE_NEON)
    case Isa::neon: {
      static const GemmKernels neon = with_blocking(gemm_kernels_neon);
      return neon;
    }
#endif
    default: {
      assert(isa == Isa::scalar && "this build has no kernels for that ISA");
      static const GemmKernels scalar = with_blocking(gemm_kernels_scalar);
      return scalar;
    }
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

std::int64_t balanced_block(std::int64_t k, std::int64_t kc) {
  const std::int64_t blocks = std::max<std::int64_t>(1, (k + kc - 1) / kc);
  return std::max<std::int64_t>(1, (k + blocks - 1) / blocks);
}

namespace {

/// A block with fewer columns than a tile of `width`: the microkernel, run(tile, epilogue) with that row
/// stride, works on a copy, as it reads and writes whole tiles.
template <typename Run>
void partial_tile(const Run& run, int rows, int width, std::int64_t columns, float* c, std::int64_t ldc,
                  bool accumulate, const Epilogue* epilogue) {
  constexpr int largest_tile = 128;
  assert(rows * width <= largest_tile);
  float tile[largest_tile];
  float residual[largest_tile];
  const auto copy_in = [&](const float* from, float* to) {
    for (int row = 0; row < rows; ++row, from += ldc, to += width) {
      for (int column = 0; column < width; ++column) to[column] = column < columns ? from[column] : 0.0F;
    }
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
  run(tile, epilogue != nullptr ? &local : nullptr);
  const float* from = tile;
  for (int row = 0; row < rows; ++row, from += width, c += ldc) {
    for (std::int64_t column = 0; column < columns; ++column) c[column] = from[column];
  }
}

}  // namespace

void gemm_column_panel(const GemmKernels& kernels, std::int64_t m, std::int64_t columns, std::int64_t kc,
                       const float* a_panels, const float* b_panel, float* c, std::int64_t ldc,
                       bool accumulate, const Epilogue* epilogue) {
  if (kernels.column_panel != nullptr) {
    return kernels.column_panel(m, columns, kc, a_panels, b_panel, c, ldc, accumulate, epilogue);
  }
  Epilogue local;
  for (std::int64_t row = 0; row < m; row += kernels.mr) {
    const GemmMicrokernel& kernel = kernels.rows[std::min<std::int64_t>(kernels.mr, m - row) - 1];
    const Epilogue* here = nullptr;
    if (epilogue != nullptr) {
      local.bias = epilogue->bias != nullptr ? epilogue->bias + row : nullptr;
      local.residual = epilogue->residual != nullptr ? epilogue->residual + row * ldc : nullptr;
      local.activation = epilogue->activation;
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
      const auto run = [&](float* tile, const Epilogue* last) {
        kernel.run(kc, a_panels + row * kc, b_panel, tile, kernels.nr, accumulate, last);
      };
      partial_tile(run, kernel.mr, kernels.nr, columns, c + row * ldc, ldc, accumulate, here);
    }
  }
}

std::int64_t gemm_scratch_floats(const GemmKernels& kernels, std::int64_t k) {
  return kernels.expanded != nullptr ? kernels.expanded->copies * kernels.mr * k : 0;
}

void gemm_row_panel(const GemmKernels& kernels, int rows, std::int64_t columns, std::int64_t k,
                    const float* a_panel, const float* b_panels, std::int64_t b_panel_stride, float* c,
                    std::int64_t ldc, bool accumulate, const Epilogue* epilogue, float* scratch) {
  constexpr std::int64_t panels_worth_expanding = 2;
  const int nr = kernels.nr;
  GemmSweep sweep = kernels.sweeps != nullptr ? kernels.sweeps[rows - 1] : nullptr;
  GemmSweep half_sweep = kernels.half_sweeps != nullptr ? kernels.half_sweeps[rows - 1] : nullptr;
  if (kernels.expanded != nullptr && rows == kernels.mr && columns > (panels_worth_expanding - 1) * nr) {
    kernels.expanded->expand(k, a_panel, scratch);
    sweep = kernels.expanded->sweep;
    half_sweep = kernels.expanded->half_sweep;
    a_panel = scratch;
  }
  const auto run = [&](std::int64_t panels, float* to, std::int64_t to_stride, bool add,
                       const Epilogue* last) {
    if (sweep != nullptr)
      return sweep(panels, k, a_panel, b_panels, b_panel_stride, to, to_stride, add, last);
    Epilogue here = last != nullptr ? *last : Epilogue{};
    for (std::int64_t panel = 0; panel < panels; ++panel) {
      kernels.rows[rows - 1].run(k, a_panel, b_panels + panel * b_panel_stride, to + panel * nr, to_stride,
                                 add, last != nullptr ? &here : nullptr);
      if (here.residual != nullptr) here.residual += nr;
    }
  };
  std::ptrdiff_t whole = 0;  // columns / nr: a division is a slow call on armv7
  auto left = static_cast<std::ptrdiff_t>(columns);
  for (; left >= nr; left -= nr) ++whole;
  if (whole > 0) run(whole, c, ldc, accumulate, epilogue);
  if (left == 0) return;
  b_panels += whole * b_panel_stride;
  Epilogue rest = epilogue != nullptr ? *epilogue : Epilogue{};
  if (rest.residual != nullptr) rest.residual += whole * nr;
  const Epilogue* last = epilogue != nullptr ? &rest : nullptr;
  c += whole * nr;
  if (half_sweep == nullptr || left > nr / 2) {
    partial_tile([&](float* tile, const Epilogue* here) { run(1, tile, nr, accumulate, here); }, rows, nr,
                 left, c, ldc, accumulate, last);
    return;
  }
  const auto run_half = [&](float* to, std::int64_t to_stride, const Epilogue* here) {
    half_sweep(1, k, a_panel, b_panels, b_panel_stride, to, to_stride, accumulate, here);
  };
  if (left == nr / 2) return run_half(c, ldc, last);
  partial_tile([&](float* tile, const Epilogue* here) { run_half(tile, nr / 2, here); }, rows, nr / 2, left,
               c, ldc, accumulate, last);
}

}  // namespace edge::kernels
