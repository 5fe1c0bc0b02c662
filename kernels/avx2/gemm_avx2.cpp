// AVX2+FMA gemm microkernels, 1 to 6 rows by 16 columns, and the walk down a column panel (registers:
// gemm_tile.h). Any thread, no errors.
#include <immintrin.h>

#include <cstddef>

#include "kernels/avx2/gemm_tile.h"
#include "kernels/gemm_kernels.h"

namespace edge::kernels {

namespace {

constexpr int mr = panel_rows;
constexpr int nr = panel_columns;

template <int rows>
void whole(std::int64_t k, const float* a, const float* b, float* c, std::int64_t ldc, bool accumulate,
           const Epilogue* epilogue) {
  // C is written at the end only: have its lines by then.
  if (!accumulate) prefetch_rows<rows>(c, static_cast<std::ptrdiff_t>(ldc));
  multiply<rows, 2>(k, a, a, b, c, ldc, accumulate, epilogue, WholeVector{}, Ahead{});
}

constexpr GemmMicrokernel kernels[] = {
    {"f32-gemm 1x16 avx2", Isa::avx2, 1, nr, whole<1>}, {"f32-gemm 2x16 avx2", Isa::avx2, 2, nr, whole<2>},
    {"f32-gemm 3x16 avx2", Isa::avx2, 3, nr, whole<3>}, {"f32-gemm 4x16 avx2", Isa::avx2, 4, nr, whole<4>},
    {"f32-gemm 5x16 avx2", Isa::avx2, 5, nr, whole<5>}, {"f32-gemm 6x16 avx2", Isa::avx2, 6, nr, whole<6>},
};

/// What every block of a column panel shares.
struct Panel {
  std::int64_t columns;
  std::int64_t k;
  const float* a;
  const float* b;
  float* c;
  std::int64_t ldc;
  bool accumulate;
  const Epilogue* epilogue;
};

/// Rows [row, row + rows) of a column panel.
template <int rows, int vectors, class Last>
void block(const Panel& panel, std::int64_t row, const Last& last, const float* next_c) {
  Epilogue here;
  if (panel.epilogue != nullptr) {
    here = *panel.epilogue;
    if (here.bias != nullptr) here.bias += row;
    if (here.residual != nullptr) here.residual += row * panel.ldc;
  }
  const float* a = panel.a + row * panel.k;
  multiply<rows, vectors>(panel.k, a, a + (rows > mr ? mr * panel.k : 0), panel.b, panel.c + row * panel.ldc,
                          panel.ldc, panel.accumulate, panel.epilogue != nullptr ? &here : nullptr, last,
                          Ahead{.next_c = next_c});
}

/// One column of 8 A panels, rows [row, row + 48): lanes are rows, of which the last two of a vector are
/// surplus. For the few columns that a multiple of nr leaves over, most lanes of a tile would be idle.
void thin_block(const Panel& panel, std::int64_t row, std::int64_t column) {
  constexpr int panels = 8;  // as many chains as FMA latency x FMA units
  constexpr int lanes = 8;
  const auto ldc = static_cast<std::ptrdiff_t>(panel.ldc);
  const auto stride = static_cast<std::ptrdiff_t>(mr * panel.k);
  const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(row) * ldc + static_cast<std::ptrdiff_t>(column);
  float* c = panel.c + offset;
  float values[panels][lanes] = {};
  if (panel.accumulate) {
    for (int i = 0; i < panels * mr; ++i) values[i / mr][i % mr] = c[i * ldc];
  }
  __m256 sums[panels];
#pragma GCC unroll 8
  for (int i = 0; i < panels; ++i) sums[i] = _mm256_loadu_ps(values[i]);
  const float* a = panel.a + row * panel.k;
  const float* b = panel.b + column;
  const auto step = [&](const auto& load) __attribute__((always_inline)) {
    const __m256 element = _mm256_broadcast_ss(b);
#pragma GCC unroll 8
    for (int i = 0; i < panels; ++i) {
      const __m256 rows = load(a + i * stride);
      asm volatile("vfmadd231ps %1, %2, %0" : "+x"(sums[i]) : "x"(element), "x"(rows));
    }
    a += mr;
    b += nr;
  };
  for (std::int64_t i = 1; i < panel.k; ++i) step([](const float* from) { return _mm256_loadu_ps(from); });
  // Behind the last step, the surplus lanes may not exist.
  const PartialVector last(mr);
  if (panel.k > 0) step([&](const float* from) { return last.load(from); });
#pragma GCC unroll 8
  for (int i = 0; i < panels; ++i) {
    if (panel.epilogue != nullptr && panel.epilogue->bias != nullptr) {
      sums[i] = _mm256_add_ps(sums[i], last.load(panel.epilogue->bias + row + i * mr));
    }
    if (panel.epilogue != nullptr && panel.epilogue->residual != nullptr) {
      float residual[lanes] = {};
      for (int r = 0; r < mr; ++r) residual[r] = panel.epilogue->residual[offset + (i * mr + r) * ldc];
      sums[i] = _mm256_add_ps(sums[i], _mm256_loadu_ps(residual));
    }
    if (panel.epilogue != nullptr && panel.epilogue->activation.kind != Activation::Kind::none) {
      sums[i] = _mm256_min_ps(_mm256_set1_ps(panel.epilogue->activation.b), relu(sums[i]));
    }
    _mm256_storeu_ps(values[i], sums[i]);
  }
  for (int i = 0; i < panels * mr; ++i) c[i * ldc] = values[i / mr][i % mr];
}

template <int vectors, class Last>
void blocks(const Panel& panel, std::int64_t m, const Last& last) {
  std::int64_t row = 0;
  constexpr std::int64_t thin_columns = 4;
  constexpr std::int64_t thin_rows = std::int64_t{8} * mr;
  if constexpr (vectors == 1) {
    for (; panel.columns <= thin_columns && row + thin_rows <= m; row += thin_rows) {
      for (std::int64_t column = 0; column < panel.columns; ++column) thin_block(panel, row, column);
    }
  }
  // One vector per row is too little for 6 rows to keep the FMA units busy: two panels at once.
  if constexpr (vectors == 1) {
    for (; row + 2 * mr <= m; row += 2 * mr) block<2 * mr, vectors>(panel, row, last, nullptr);
  }
  for (; row + mr <= m; row += mr) {
    const float* next = row + mr < m ? panel.c + (row + mr) * panel.ldc : panel.c + nr;
    block<mr, vectors>(panel, row, last, next);
  }
  switch (m - row) {
    case 1:
      return block<1, vectors>(panel, row, last, nullptr);
    case 2:
      return block<2, vectors>(panel, row, last, nullptr);
    case 3:
      return block<3, vectors>(panel, row, last, nullptr);
    case 4:
      return block<4, vectors>(panel, row, last, nullptr);
    case 5:
      return block<5, vectors>(panel, row, last, nullptr);
    default:
      return;
  }
}

void column_panel(std::int64_t m, std::int64_t columns, std::int64_t k, const float* a_panels,
                  const float* b_panel, float* c, std::int64_t ldc, bool accumulate,
                  const Epilogue* epilogue) {
  const Panel panel{columns, k, a_panels, b_panel, c, ldc, accumulate, epilogue};
  if (columns == nr) return blocks<2>(panel, m, WholeVector{});
  if (columns > 8) return blocks<2>(panel, m, PartialVector(columns - 8));
  blocks<1>(panel, m, PartialVector(columns));
}

}  // namespace

const GemmKernels gemm_kernels_avx2 = {
    .mr = mr, .nr = nr, .rows = kernels, .blocking = {}, .column_panel = column_panel};

}  // namespace edge::kernels
