// AVX2 packing for sgemm: A panels by transposes, B panels on the way through a microkernel. Any thread, no
// errors.
#include <immintrin.h>

#include <cstddef>

#include "kernels/avx2/gemm_tile.h"
#include "kernels/sgemm_kernels.h"

namespace edge::kernels {

namespace {

constexpr int mr = panel_rows;
constexpr int nr = panel_columns;

/// Columns i ... i + 7 of up to 8 rows: lane r of columns[j] is row r of column i + j, 0 where there is none.
template <int rows>
[[gnu::always_inline]] inline void transpose(const float* from, std::int64_t stride, __m256 scale,
                                             __m256 (&columns)[8]) {
  const auto row = [&](int r) __attribute__((always_inline)) {
    return r < rows ? _mm256_mul_ps(scale, _mm256_loadu_ps(from + r * stride)) : _mm256_setzero_ps();
  };
  const __m256 a0 = _mm256_unpacklo_ps(row(0), row(1));
  const __m256 a1 = _mm256_unpackhi_ps(row(0), row(1));
  const __m256 a2 = _mm256_unpacklo_ps(row(2), row(3));
  const __m256 a3 = _mm256_unpackhi_ps(row(2), row(3));
  const __m256 a4 = _mm256_unpacklo_ps(row(4), row(5));
  const __m256 a5 = _mm256_unpackhi_ps(row(4), row(5));
  const __m256 b0 = _mm256_shuffle_ps(a0, a2, _MM_SHUFFLE(1, 0, 1, 0));
  const __m256 b1 = _mm256_shuffle_ps(a0, a2, _MM_SHUFFLE(3, 2, 3, 2));
  const __m256 b2 = _mm256_shuffle_ps(a1, a3, _MM_SHUFFLE(1, 0, 1, 0));
  const __m256 b3 = _mm256_shuffle_ps(a1, a3, _MM_SHUFFLE(3, 2, 3, 2));
  // Rows 4 and 5; lanes 6 and 7 are overwritten by the next column, so any value will do.
  const __m256 b4 = a4;
  const __m256 b5 = _mm256_castpd_ps(_mm256_permute_pd(_mm256_castps_pd(a4), 0xf));
  const __m256 b6 = a5;
  const __m256 b7 = _mm256_castpd_ps(_mm256_permute_pd(_mm256_castps_pd(a5), 0xf));
  columns[0] = _mm256_permute2f128_ps(b0, b4, 0x20);
  columns[1] = _mm256_permute2f128_ps(b1, b5, 0x20);
  columns[2] = _mm256_permute2f128_ps(b2, b6, 0x20);
  columns[3] = _mm256_permute2f128_ps(b3, b7, 0x20);
  columns[4] = _mm256_permute2f128_ps(b0, b4, 0x31);
  columns[5] = _mm256_permute2f128_ps(b1, b5, 0x31);
  columns[6] = _mm256_permute2f128_ps(b2, b6, 0x31);
  columns[7] = _mm256_permute2f128_ps(b3, b7, 0x31);
}

template <int rows>
void pack_a(const float* from, std::int64_t stride, std::int64_t k, float scale, float* panel) {
  const __m256 factor = _mm256_set1_ps(scale);
  std::int64_t i = 0;
  // A store of 8 floats runs up to 8 - rows floats into the columns behind it: one more block must follow.
  for (; i + 16 <= k; i += 8) {
    __m256 columns[8];
    transpose<rows>(from + i, stride, factor, columns);
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) _mm256_storeu_ps(panel + (i + j) * rows, columns[j]);
  }
  for (; i < k; ++i) {
    for (int row = 0; row < rows; ++row) panel[i * rows + row] = scale * from[row * stride + i];
  }
}

void pack_a_rows(const float* from, std::int64_t stride, int rows, std::int64_t k, float scale,
                 float* panel) {
  switch (rows) {
    case 1:
      return pack_a<1>(from, stride, k, scale, panel);
    case 2:
      return pack_a<2>(from, stride, k, scale, panel);
    case 3:
      return pack_a<3>(from, stride, k, scale, panel);
    case 4:
      return pack_a<4>(from, stride, k, scale, panel);
    case 5:
      return pack_a<5>(from, stride, k, scale, panel);
    default:
      return pack_a<6>(from, stride, k, scale, panel);
  }
}

/// The first row panel. B's rows are fetched some steps ahead.
template <int rows, bool pack>
void multiply_in_place(std::int64_t k, const float* a, const float* b, std::ptrdiff_t ldb, float* packed,
                       float* c, std::int64_t ldc_elements, bool accumulate, const Epilogue* epilogue,
                       const float* next_c) {
  constexpr int steps_ahead = 24;
  const auto ldc = static_cast<std::ptrdiff_t>(ldc_elements);
  Tile<rows, 2> tile;
  if (accumulate) {
    tile.load(c, ldc);
  } else {
    tile.clear();
    prefetch_rows<rows>(c, ldc);
  }
  const auto steps = [&](std::int64_t count, std::ptrdiff_t ahead) __attribute__((always_inline)) {
#pragma GCC unroll 1
    for (; count > 0; --count) {
      _mm_prefetch(reinterpret_cast<const char*>(b + ahead), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(b + ahead + nr - 1), _MM_HINT_T0);
      tile.template step<pack>(a, a, b, packed);
      a += rows;
      b += ldb;
      if constexpr (pack) packed += nr;
    }
  };
  if (k > steps_ahead) steps(k - steps_ahead, steps_ahead * ldb);
  if (next_c != nullptr) prefetch_rows<rows>(next_c, ldc);
  steps(k < steps_ahead ? k : steps_ahead, 0);
  if (epilogue != nullptr) finish(tile, *epilogue, ldc, WholeVector{});
  tile.store(c, ldc);
}

/// Rows [row, row + rows) of the column panel.
template <int rows>
void block(const SgemmPanel& panel, std::int64_t row, const Ahead& ahead) {
  const float* a = panel.a_panels + row * panel.k;
  float* c = panel.c + row * panel.ldc;
  if (row == 0) {
    const auto first =
        panel.packed != nullptr ? multiply_in_place<rows, true> : multiply_in_place<rows, false>;
    return first(panel.k, a, panel.b, static_cast<std::ptrdiff_t>(panel.ldb), panel.packed, c, panel.ldc,
                 panel.accumulate, panel.epilogue, ahead.next_c);
  }
  Epilogue here;
  if (panel.epilogue != nullptr) {
    here = *panel.epilogue;
    if (here.bias != nullptr) here.bias += row;
    if (here.residual != nullptr) here.residual += row * panel.ldc;
  }
  multiply<rows, 2>(panel.k, a, a, panel.packed, c, panel.ldc, panel.accumulate,
                    panel.epilogue != nullptr ? &here : nullptr, WholeVector{}, ahead);
}

void multiply_and_pack(const SgemmPanel& panel) {
  const std::int64_t lines_per_block = panel.k / Ahead::steps;
  std::int64_t fetched = 0;
  std::int64_t row = 0;
  for (; row + mr <= panel.m; row += mr) {
    Ahead ahead;
    ahead.next_c = row + mr < panel.m ? panel.c + (row + mr) * panel.ldc : panel.c + nr;
    if (row > 0 && panel.next_b != nullptr && fetched < panel.k) {
      ahead.lines = panel.next_b + fetched * panel.ldb + nr - 1;  // the line before is the last of this panel
      ahead.stride = static_cast<std::ptrdiff_t>(panel.ldb);
      fetched += lines_per_block;
    }
    block<mr>(panel, row, ahead);
  }
  switch (panel.m - row) {
    case 1:
      return block<1>(panel, row, {});
    case 2:
      return block<2>(panel, row, {});
    case 3:
      return block<3>(panel, row, {});
    case 4:
      return block<4>(panel, row, {});
    case 5:
      return block<5>(panel, row, {});
    default:
      return;
  }
}

}  // namespace

const SgemmKernels sgemm_kernels_avx2 = {.pack_a_rows = pack_a_rows, .multiply_and_pack = multiply_and_pack};

}  // namespace edge::kernels
