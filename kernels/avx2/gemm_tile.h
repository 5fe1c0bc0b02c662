// The registers of an AVX2+FMA gemm microkernel. Included by the files of this folder only, which are
// compiled for AVX2. Any thread, no errors.
//
// The 6x16: 12 sums, 2 registers for a row of B, 1 for an element of A in all lanes. 12 independent chains
// cover FMA latency (4) x FMA units (2) = 8; a step loads 2 vectors and 6 scalars for 12 FMAs. The steps are
// assembly, so that no compiler moves loads across steps and spills sums.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/gemm.h"

namespace edge::kernels {

namespace {

inline constexpr int panel_rows = 6;
inline constexpr int panel_columns = 16;

/// `rows` x 8 * vectors sums. Rows beyond the sixth come from a second A panel.
template <int rows, int vectors>
struct Tile {
  __m256 sums[rows][vectors];

  [[gnu::always_inline]] inline void clear() {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sums[row][v] = _mm256_setzero_ps();
    }
  }

  [[gnu::always_inline]] inline void load(const float* c, std::ptrdiff_t ldc) {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sums[row][v] = _mm256_loadu_ps(c + row * ldc + 8 * v);
    }
  }

  [[gnu::always_inline]] inline void store(float* c, std::ptrdiff_t ldc) const {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) _mm256_storeu_ps(c + row * ldc + 8 * v, sums[row][v]);
    }
  }

  /// One step of k. With `pack`, the row of B is copied to `packed`.
  template <bool pack>
  [[gnu::always_inline]] inline void step(const float* a, const float* second_a, const float* b,
                                          float* packed) {
    __m256 b_row[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      asm volatile("vmovups %1, %0" : "=x"(b_row[v]) : "m"(*reinterpret_cast<const __m256_u*>(b + 8 * v)));
      if constexpr (pack) _mm256_storeu_ps(packed + 8 * v, b_row[v]);
    }
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
      __m256 element;
      const float* from = row < panel_rows ? a + row : second_a + (row - panel_rows);
      asm volatile("vbroadcastss %1, %0" : "=x"(element) : "m"(*from));
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) {
        asm volatile("vfmadd231ps %1, %2, %0" : "+x"(sums[row][v]) : "x"(b_row[v]), "x"(element));
      }
    }
  }
};

/// The lines of `rows` rows of 16 floats, which lie in two lines each unless all are aligned.
template <int rows>
[[gnu::always_inline]] inline void prefetch_rows(const float* c, std::ptrdiff_t ldc) {
#pragma GCC unroll 12
  for (int row = 0; row < rows; ++row) {
    _mm_prefetch(reinterpret_cast<const char*>(c + row * ldc), _MM_HINT_T0);
  }
  constexpr std::uintptr_t line = 64;
  if (((reinterpret_cast<std::uintptr_t>(c) | static_cast<std::uintptr_t>(ldc) * sizeof(float)) % line) ==
      0) {
    return;
  }
#pragma GCC unroll 12
  for (int row = 0; row < rows; ++row) {
    _mm_prefetch(reinterpret_cast<const char*>(c + row * ldc + panel_columns - 1), _MM_HINT_T0);
  }
}

/// Which columns of the last vector of a tile exist; a tile has 8 * (vectors - 1) + 1 to 8 * vectors columns.
struct WholeVector {
  [[gnu::always_inline]] inline __m256 load(const float* from) const { return _mm256_loadu_ps(from); }
  [[gnu::always_inline]] inline void store(float* to, __m256 value) const { _mm256_storeu_ps(to, value); }
};
struct PartialVector {
  __m256i mask;
  [[gnu::always_inline]] explicit inline PartialVector(std::int64_t columns)
      : mask(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(columns)),
                                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))) {}
  [[gnu::always_inline]] inline __m256 load(const float* from) const {
    return _mm256_maskload_ps(from, mask);
  }
  [[gnu::always_inline]] inline void store(float* to, __m256 value) const {
    _mm256_maskstore_ps(to, mask, value);
  }
};

/// x > 0 or NaN: x, else +0.
[[gnu::always_inline]] inline __m256 relu(__m256 x) {
  return _mm256_and_ps(x, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NLE_UQ));
}

template <int rows, int vectors, class Last>
[[gnu::always_inline]] inline void finish(Tile<rows, vectors>& tile, const Epilogue& epilogue,
                                          std::ptrdiff_t ldc, const Last& last) {
  if (epilogue.bias != nullptr) {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
      const __m256 bias = _mm256_broadcast_ss(epilogue.bias + row);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) tile.sums[row][v] = _mm256_add_ps(tile.sums[row][v], bias);
    }
  }
  if (epilogue.residual != nullptr) {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
      const float* residual = epilogue.residual + row * ldc;
      if constexpr (vectors == 2) {
        tile.sums[row][0] = _mm256_add_ps(tile.sums[row][0], _mm256_loadu_ps(residual));
      }
      constexpr int v = vectors - 1;
      tile.sums[row][v] = _mm256_add_ps(tile.sums[row][v], last.load(residual + 8 * v));
    }
  }
  if (epilogue.activation.kind == Activation::Kind::none) return;
#pragma GCC unroll 12
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) tile.sums[row][v] = relu(tile.sums[row][v]);
  }
  if (epilogue.activation.b < __builtin_inff()) {
    const __m256 ceiling = _mm256_set1_ps(epilogue.activation.b);
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) {
        tile.sums[row][v] = _mm256_min_ps(ceiling, tile.sums[row][v]);  // the second one if it is NaN
      }
    }
  }
}

/// What to fetch into the caches while a block is computed.
struct Ahead {
  /// The block of C that comes next, or null: its lines are fetched shortly before the end, as lines that are
  /// a power of two apart would not stay in L1 for longer.
  const float* next_c = nullptr;
  /// One line for each Ahead::steps steps of k, `stride` floats apart, into L2; 0: nothing.
  const float* lines = nullptr;
  std::ptrdiff_t stride = 0;

  static constexpr int steps = 4;
};

/// A block of C: 1 to 6 rows of one A panel, or 12 of two.
template <int rows, int vectors, class Last>
[[gnu::always_inline]] inline void multiply(std::int64_t k, const float* a, const float* second_a,
                                            const float* b, float* c, std::int64_t ldc_elements,
                                            bool accumulate, const Epilogue* epilogue, const Last& last,
                                            Ahead ahead) {
  constexpr int last_vector = vectors - 1;
  const auto ldc = static_cast<std::ptrdiff_t>(ldc_elements);
  Tile<rows, vectors> tile;
  if (accumulate) {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
      if constexpr (vectors == 2) tile.sums[row][0] = _mm256_loadu_ps(c + row * ldc);
      tile.sums[row][last_vector] = last.load(c + row * ldc + 8 * last_vector);
    }
  } else {
    tile.clear();
  }
  constexpr int unroll =
      Ahead::steps;  // fewer instructions per FMA matter while another hyperthread shares the core
  constexpr std::int64_t before_end = 48;
  constexpr int panel = rows < panel_rows ? rows : panel_rows;
  if (ahead.lines == nullptr) ahead.lines = b;
  std::int64_t steps = k > before_end ? (k - before_end) / unroll * unroll : 0;
  for (int part = 0; part < 2; ++part) {
#pragma GCC unroll 1
    for (; steps >= unroll; steps -= unroll) {
#pragma GCC unroll 8
      for (int i = 0; i < unroll; ++i) {
        tile.template step<false>(a + i * panel, second_a + i * panel, b + i * panel_columns, nullptr);
      }
      _mm_prefetch(reinterpret_cast<const char*>(ahead.lines), _MM_HINT_T1);
      ahead.lines += ahead.stride;
      a += unroll * panel;
      second_a += unroll * panel;
      b += unroll * panel_columns;
    }
    if (part == 1) break;
    if (ahead.next_c != nullptr) prefetch_rows<rows>(ahead.next_c, ldc);
    steps = k > before_end ? k - (k - before_end) / unroll * unroll : k;
  }
#pragma GCC unroll 1
  for (; steps > 0; --steps) {
    tile.template step<false>(a, second_a, b, nullptr);
    a += panel;
    second_a += panel;
    b += panel_columns;
  }
  if (epilogue != nullptr) finish(tile, *epilogue, ldc, last);
#pragma GCC unroll 12
  for (int row = 0; row < rows; ++row) {
    if constexpr (vectors == 2) _mm256_storeu_ps(c + row * ldc, tile.sums[row][0]);
    last.store(c + row * ldc + 8 * last_vector, tile.sums[row][last_vector]);
  }
}

}  // namespace

}  // namespace edge::kernels
