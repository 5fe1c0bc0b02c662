// sgemm: the BLIS loops around the microkernel. One caller per ThreadPool at a time; std::bad_alloc is the
// only error.
//
//   for a block of kc of the sum:
//     pack A's block into panels                              (threads over panels)
//     for a block of nc columns, for a part of the rows:      (threads over these)
//       for a block of mc rows, for a column panel:
//         at the first block: pack the column panel, or have the first row panel's microkernel do it
//         for a row panel: microkernel
//
// A is packed once, by all threads; a thread packs the column panels that it needs into a buffer of its own.
#include <algorithm>
#include <cassert>
#include <cstdint>

#include "kernels/aligned_buffer.h"
#include "kernels/gemm.h"
#include "kernels/gemm_kernels.h"
#include "kernels/gemm_pack.h"
#include "kernels/rounding.h"
#include "kernels/sgemm_kernels.h"

namespace edge::kernels {

namespace {

void scale(std::int64_t m, std::int64_t n, float beta, float* c, std::int64_t ldc) {
  for (std::int64_t row = 0; row < m; ++row) {
    for (std::int64_t column = 0; column < n; ++column) {
      float& value = c[row * ldc + column];
      value = beta == 0.0F ? 0.0F : beta * value;
    }
  }
}

/// Everything that the jobs of one K block share.
struct Block {
  const GemmKernels& kernels;
  const SgemmKernels* extra;
  std::int64_t k_count;
  const float* a_packed;  ///< of all rows
  MatrixView b;           ///< rows of this block, all columns
  float* c;
  std::int64_t ldc;
  bool accumulate;
};

/// Rows [row, row + rows) x columns [column, column + columns) of C. `panels` has room for these columns.
void multiply(const Block& block, std::int64_t row, std::int64_t rows, std::int64_t column,
              std::int64_t columns, float* panels) {
  const GemmKernels& kernels = block.kernels;
  const std::int64_t nr = kernels.nr;
  const std::int64_t k_count = block.k_count;
  const std::int64_t mc = kernels.blocking.mc;
  const std::int64_t panel_floats = rows > mc ? nr * k_count : 0;  // one block of rows: reuse the same panel
  for (std::int64_t done = 0; done < rows; done += mc) {
    const std::int64_t count = std::min(mc, rows - done);
    const float* a = block.a_packed + (row + done) * k_count;
    for (std::int64_t first = 0; first < columns; first += nr) {
      const std::int64_t width = std::min(nr, columns - first);
      float* panel = panels + first / nr * panel_floats;
      float* c = block.c + (row + done) * block.ldc + column + first;
      if (done == 0) {
        const MatrixView b = block.b.at(0, column + first);
        if (block.extra != nullptr && block.extra->multiply_and_pack != nullptr && width == nr &&
            b.column_stride == 1) {
          const float* next = columns - first >= 2 * nr ? b.data + nr : nullptr;
          block.extra->multiply_and_pack({count, k_count, a, b.data, b.row_stride, next,
                                          rows > kernels.mr ? panel : nullptr, c, block.ldc, block.accumulate,
                                          nullptr});
          continue;
        }
        pack_b_panel(b, kernels.nr, static_cast<int>(width), k_count, panel);
      }
      gemm_column_panel(kernels, count, width, k_count, a, panel, c, block.ldc, block.accumulate, nullptr);
    }
  }
}

/// The same where an A panel stays in L1 while it meets all column panels. `panels` has room for these, and
/// behind them for gemm_row_panel's scratch.
void multiply_by_rows(const Block& block, std::int64_t row, std::int64_t rows, std::int64_t column,
                      std::int64_t columns, float* panels) {
  const GemmKernels& kernels = block.kernels;
  const std::int64_t k_count = block.k_count;
  float* panel = panels;
  for (std::int64_t first = 0; first < columns; first += kernels.nr, panel += kernels.nr * k_count) {
    const std::int64_t width = std::min<std::int64_t>(kernels.nr, columns - first);
    const MatrixView b = block.b.at(0, column + first);
    if (block.extra != nullptr && width == kernels.nr && b.column_stride == 1) {
      block.extra->pack_b_rows(b.data, b.row_stride, k_count, panel);
    } else {
      pack_b_panel(b, kernels.nr, static_cast<int>(width), k_count, panel);
    }
  }
  for (std::int64_t end = row + rows; row < end; row += kernels.mr) {
    gemm_row_panel(kernels, static_cast<int>(std::min<std::int64_t>(kernels.mr, end - row)), columns, k_count,
                   block.a_packed + row * k_count, panels, kernels.nr * k_count,
                   block.c + row * block.ldc + column, block.ldc, block.accumulate, nullptr, panel);
  }
}

void pack_a(const SgemmKernels* extra, const MatrixView& a, int rows, std::int64_t k, float alpha,
            float* panel) {
  if (extra != nullptr && a.column_stride == 1) {
    extra->pack_a_rows(a.data, a.row_stride, rows, k, alpha, panel);
  } else {
    pack_a_panel(a, rows, k, alpha, panel);
  }
}

}  // namespace

const SgemmKernels* sgemm_kernels(Isa isa) {
#if defined(EDGE_HAVE_AVX2)
  if (isa == Isa::avx2) return &sgemm_kernels_avx2;
#endif
#if defined(EDGE_HAVE_NEON)
  if (isa == Isa::neon) return &sgemm_kernels_neon;
#endif
  (void)isa;
  return nullptr;
}

void sgemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
           float alpha, const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta,
           float* c, std::int64_t ldc, ThreadPool& pool) {
  sgemm_with(gemm_kernels(active_isa()), transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c,
             ldc, pool);
}

void sgemm_with(const GemmKernels& kernels, Transpose transpose_a, Transpose transpose_b, std::int64_t m,
                std::int64_t n, std::int64_t k, float alpha, const float* a, std::int64_t lda, const float* b,
                std::int64_t ldb, float beta, float* c, std::int64_t ldc, ThreadPool& pool) {
  assert(m >= 0 && n >= 0 && k >= 0);
  if (m == 0 || n == 0) return;
  const bool nothing_to_add = k == 0 || alpha == 0.0F;
  if (nothing_to_add || (beta != 0.0F && beta != 1.0F)) scale(m, n, beta, c, ldc);
  if (nothing_to_add) return;

  const SgemmKernels* extra = sgemm_kernels(kernels.rows[0].isa);
  const std::int64_t mr = kernels.mr;
  const std::int64_t nr = kernels.nr;
  const MatrixView a_view = transpose_a == Transpose::no ? MatrixView{a, lda, 1} : MatrixView{a, 1, lda};
  const MatrixView b_view = transpose_b == Transpose::no ? MatrixView{b, ldb, 1} : MatrixView{b, 1, ldb};

  // Small products are not worth waking threads for.
  const bool alone = pool.threads() == 1 || m * n * k <= 64 * 64 * 64;
  const int threads = alone ? 1 : pool.threads();
  const auto parallel = [&](std::int64_t count, const auto& body) {
    if (!alone) return pool.parallel_for(count, body);
    for (std::int64_t job = 0; job < count; ++job) body(job, 0);
  };

  const std::int64_t kc = balanced_block(k, kernels.blocking.kc);
  const std::int64_t m_panels = divide_up(m, mr);
  // Several jobs for each thread, so that none waits long for the last one: first by columns, then by rows.
  const std::int64_t wanted_jobs = alone ? 1 : 4 * threads;
  const std::int64_t n_panels = divide_up(n, nr);
  const std::int64_t column_parts =
      std::max(divide_up(n, kernels.blocking.nc), std::min(wanted_jobs, divide_up(n_panels, 4)));
  const std::int64_t columns_per_job = divide_up(n_panels, column_parts) * nr;
  const std::int64_t column_jobs = divide_up(n, columns_per_job);
  const std::int64_t row_parts =
      std::clamp<std::int64_t>(wanted_jobs / column_jobs, 1, divide_up(m_panels, 4));
  const std::int64_t rows_per_job = divide_up(m_panels, row_parts) * mr;
  const std::int64_t row_jobs = divide_up(m, rows_per_job);
  AlignedBuffer a_packed(m_panels * mr * kc);
  const std::int64_t thread_floats =
      divide_up(columns_per_job * kc + gemm_scratch_floats(kernels, kc), 16) * 16;
  AlignedBuffer b_packed(thread_floats * threads);

  for (std::int64_t k_first = 0; k_first < k; k_first += kc) {
    const std::int64_t k_count = std::min(kc, k - k_first);
    constexpr std::int64_t panels_per_job = 8;
    parallel(divide_up(m_panels, panels_per_job), [&](std::int64_t job, int /*thread*/) {
      const std::int64_t end = std::min(m, (job + 1) * panels_per_job * mr);
      for (std::int64_t row = job * panels_per_job * mr; row < end; row += mr) {
        pack_a(extra, a_view.at(row, k_first), static_cast<int>(std::min(mr, end - row)), k_count, alpha,
               a_packed.data() + row * k_count);
      }
    });
    const Block block{
        kernels, extra, k_count, a_packed.data(), b_view.at(k_first, 0), c, ldc, k_first > 0 || beta != 0.0F};
    parallel(column_jobs * row_jobs, [&](std::int64_t job, int thread) {
      const std::int64_t column = job / row_jobs * columns_per_job;
      const std::int64_t row = job % row_jobs * rows_per_job;
      const auto part = kernels.sweeps != nullptr ? multiply_by_rows : multiply;
      part(block, row, std::min(rows_per_job, m - row), column, std::min(columns_per_job, n - column),
           b_packed.data() + thread * thread_floats);
    });
  }
}

}  // namespace edge::kernels
