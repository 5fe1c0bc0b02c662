// sgemm: the BLIS loops around the microkernel. One caller per ThreadPool at a time; std::bad_alloc is the
// only error.
//
//   for a block of nc columns, for a block of kc of the sum:
//     pack B's block and A's block into panels           (threads over panels)
//     for a block of mc rows x some column panels of C:   (threads over these)
//       for a column panel, for a row panel: microkernel
#include <algorithm>
#include <cassert>
#include <cstdint>

#include "kernels/aligned_buffer.h"
#include "kernels/gemm.h"
#include "kernels/gemm_kernels.h"
#include "kernels/gemm_pack.h"

namespace edge::kernels {

namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

void scale(std::int64_t m, std::int64_t n, float beta, float* c, std::int64_t ldc) {
  for (std::int64_t row = 0; row < m; ++row) {
    for (std::int64_t column = 0; column < n; ++column) {
      float& value = c[row * ldc + column];
      value = beta == 0.0F ? 0.0F : beta * value;
    }
  }
}

}  // namespace

void sgemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
           float alpha, const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta,
           float* c, std::int64_t ldc, ThreadPool& pool) {
  assert(m >= 0 && n >= 0 && k >= 0);
  if (m == 0 || n == 0) return;
  const bool nothing_to_add = k == 0 || alpha == 0.0F;
  if (nothing_to_add || (beta != 0.0F && beta != 1.0F)) scale(m, n, beta, c, ldc);
  if (nothing_to_add) return;

  const GemmKernels& kernels = gemm_kernels(active_isa());
  const GemmBlocking& blocking = kernels.blocking;
  const std::int64_t mc = blocking.mc;
  const std::int64_t mr = kernels.mr;
  const std::int64_t nr = kernels.nr;
  const MatrixView a_view = transpose_a == Transpose::no ? MatrixView{a, lda, 1} : MatrixView{a, 1, lda};
  const MatrixView b_view = transpose_b == Transpose::no ? MatrixView{b, ldb, 1} : MatrixView{b, 1, ldb};

  const std::int64_t kc = balanced_block(k, blocking.kc);
  const std::int64_t nc = std::min(blocking.nc, divide_up(n, nr) * nr);
  const std::int64_t m_panels = divide_up(m, mr);
  AlignedBuffer a_packed(divide_up(m, mr) * mr * kc);
  AlignedBuffer b_packed(nc * kc);
  // Small products are not worth waking threads for.
  const bool alone = pool.threads() == 1 || m * n * k < 64 * 1024;
  const auto parallel = [&](std::int64_t count, const auto& body) {
    if (!alone) return pool.parallel_for(count, [&](std::int64_t job, int) { body(job); });
    for (std::int64_t job = 0; job < count; ++job) body(job);
  };

  for (std::int64_t column = 0; column < n; column += nc) {
    const std::int64_t columns = std::min(nc, n - column);
    const std::int64_t n_panels = divide_up(columns, nr);
    for (std::int64_t k_first = 0; k_first < k; k_first += kc) {
      const std::int64_t k_count = std::min(kc, k - k_first);
      constexpr std::int64_t panels_per_job = 8;
      const std::int64_t a_jobs = divide_up(m_panels, panels_per_job);
      const std::int64_t b_jobs = divide_up(n_panels, panels_per_job);
      parallel(a_jobs + b_jobs, [&](std::int64_t job) {
        if (job < a_jobs) {
          const std::int64_t end = std::min(m, (job + 1) * panels_per_job * mr);
          for (std::int64_t row = job * panels_per_job * mr; row < end; row += mr) {
            pack_a_panel(a_view.at(row, k_first), static_cast<int>(std::min(mr, end - row)), k_count, alpha,
                         a_packed.data() + row * k_count);
          }
        } else {
          const std::int64_t first = (job - a_jobs) * panels_per_job * nr;
          pack_b_panels(b_view.at(k_first, column + first), kernels.nr,
                        std::min(panels_per_job * nr, columns - first), k_count,
                        b_packed.data() + first * k_count);
        }
      });
      const std::int64_t row_blocks = divide_up(m, mc);
      const std::int64_t rows_per_block = divide_up(divide_up(m, row_blocks), mr) * mr;
      parallel(row_blocks * b_jobs, [&](std::int64_t job) {
        const std::int64_t row = job / b_jobs * rows_per_block;
        const std::int64_t first_panel = job % b_jobs * panels_per_job;
        const std::int64_t rows = std::min(rows_per_block, m - row);
        for (std::int64_t panel = first_panel; panel < std::min(n_panels, first_panel + panels_per_job);
             ++panel) {
          gemm_column_panel(kernels, rows, std::min(nr, columns - panel * nr), k_count,
                            a_packed.data() + row * k_count, b_packed.data() + panel * nr * k_count,
                            c + row * ldc + column + panel * nr, ldc, k_first > 0 || beta != 0.0F, nullptr);
        }
      });
    }
  }
}

}  // namespace edge::kernels
