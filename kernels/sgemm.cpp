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
#include <new>

#include "kernels/gemm.h"
#include "kernels/gemm_kernels.h"
#include "kernels/gemm_pack.h"

namespace edge::kernels {

namespace {

/// Uninitialised, 64-byte aligned.
class Buffer {
 public:
  explicit Buffer(std::int64_t floats)
      : data_(static_cast<float*>(
            ::operator new (static_cast<std::size_t>(floats) * sizeof(float), std::align_val_t{64}))) {}
  ~Buffer() { ::operator delete (data_, std::align_val_t{64}); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  float* data() { return data_; }

 private:
  float* data_;
};

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
  const auto [kc_max, mc, nc_max, unused_tile, unused_stage] = kernels.blocking;
  const std::int64_t mr = kernels.mr;
  const std::int64_t nr = kernels.nr;
  const MatrixView a_view = transpose_a == Transpose::no ? MatrixView{a, lda, 1} : MatrixView{a, 1, lda};
  const MatrixView b_view = transpose_b == Transpose::no ? MatrixView{b, ldb, 1} : MatrixView{b, 1, ldb};

  const std::int64_t kc = balanced_block(k, kc_max);
  const std::int64_t nc = std::min(nc_max, divide_up(n, nr) * nr);
  const std::int64_t m_panels = divide_up(m, mr);
  Buffer a_packed(divide_up(m, mr) * mr * kc);
  Buffer b_packed(nc * kc);
  // Small products are not worth waking threads for: one job.
  const bool alone = pool.threads() == 1 || m * n * k < 64 * 1024;
  const auto parallel = [&](std::int64_t count, std::int64_t per_job, const auto& body) {
    const std::int64_t chunk = alone ? count : per_job;
    pool.parallel_for(divide_up(count, chunk), [&](std::int64_t job, int) {
      for (std::int64_t i = job * chunk; i < std::min(count, (job + 1) * chunk); ++i) body(i);
    });
  };

  for (std::int64_t column = 0; column < n; column += nc) {
    const std::int64_t columns = std::min(nc, n - column);
    const std::int64_t n_panels = divide_up(columns, nr);
    for (std::int64_t k_first = 0; k_first < k; k_first += kc) {
      const std::int64_t k_count = std::min(kc, k - k_first);
      parallel(m_panels + n_panels, 8, [&](std::int64_t panel) {
        if (panel < m_panels) {
          const int rows = static_cast<int>(std::min(mr, m - panel * mr));
          pack_a_panel(a_view.at(panel * mr, k_first), rows, k_count, alpha,
                       a_packed.data() + panel * mr * k_count);
        } else {
          const std::int64_t first = (panel - m_panels) * nr;
          pack_b_panel(b_view.at(k_first, column + first), kernels.nr,
                       static_cast<int>(std::min(nr, columns - first)), k_count,
                       b_packed.data() + first * k_count);
        }
      });
      const std::int64_t row_blocks = divide_up(m, mc);
      const std::int64_t rows_per_block = divide_up(divide_up(m, row_blocks), mr) * mr;
      const std::int64_t panels_per_job = 8;
      const std::int64_t column_jobs = divide_up(n_panels, panels_per_job);
      parallel(row_blocks * column_jobs, 1, [&](std::int64_t job) {
        const std::int64_t row = job / column_jobs * rows_per_block;
        const std::int64_t first_panel = job % column_jobs * panels_per_job;
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
