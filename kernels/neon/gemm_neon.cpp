// NEON gemm microkernels: armv7 (VFPv4) 1 to 4 rows by 8 columns, aarch64 1 to 12 rows by 8. Any thread, no
// errors. The K loops of the full tiles are assembly, in gemm_loops_armv7.h and gemm_loop_aarch64.h.
#include <arm_neon.h>

#include <cstddef>

#include "kernels/gemm_kernels.h"
#if defined(__aarch64__)
#include "kernels/neon/gemm_loop_aarch64.h"
#else
#include "kernels/neon/gemm_loops_armv7.h"
#endif

namespace edge::kernels {

namespace {

#if defined(__aarch64__)
constexpr int mr = 12;
#else
constexpr int mr = 4;
#endif
constexpr int nr = 8;

/// Rows of one or two vectors of four columns.
template <int rows, int vectors>
using Sums = float32x4_t[rows][vectors];

template <int rows, int vectors>
[[gnu::always_inline]] inline void start(Sums<rows, vectors>& sums, const float* c, std::ptrdiff_t ldc,
                                         bool accumulate) {
  if (accumulate) {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row, c += ldc) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sums[row][v] = vld1q_f32(c + 4 * v);
    }
  } else {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sums[row][v] = vdupq_n_f32(0.0F);
    }
  }
}

/// One step of a tile that leaves registers free.
template <int rows, int vectors>
[[gnu::always_inline]] inline void step(Sums<rows, vectors>& sums, const float* a, const float* b) {
  float32x4_t columns[vectors];
#pragma GCC unroll 2
  for (int v = 0; v < vectors; ++v) columns[v] = vld1q_f32(b + 4 * v);
  int row = 0;
#if defined(__aarch64__)
#pragma GCC unroll 3
  for (; row + 4 <= rows; row += 4) {
    const float32x4_t four = vld1q_f32(a + row);
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      sums[row][v] = vfmaq_laneq_f32(sums[row][v], columns[v], four, 0);
      sums[row + 1][v] = vfmaq_laneq_f32(sums[row + 1][v], columns[v], four, 1);
      sums[row + 2][v] = vfmaq_laneq_f32(sums[row + 2][v], columns[v], four, 2);
      sums[row + 3][v] = vfmaq_laneq_f32(sums[row + 3][v], columns[v], four, 3);
    }
  }
#endif
#pragma GCC unroll 4
  for (; row < rows; ++row) {
    const float32x4_t element = vld1q_dup_f32(a + row);
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) sums[row][v] = vfmaq_f32(sums[row][v], columns[v], element);
  }
}

/// sums = (accumulate ? c : 0) + the products of k >= 0 steps.
template <int rows, int vectors>
[[gnu::always_inline]] inline void sum_tile(Sums<rows, vectors>& sums, std::ptrdiff_t k, const float* a,
                                            const float* b, const float* c, std::ptrdiff_t ldc,
                                            bool accumulate) {
#if defined(__aarch64__)
  if constexpr (rows == mr && vectors == 2) {
    sum_full_tile(sums, k, a, b, accumulate ? c : nullptr, ldc);
    return;
  }
#endif
  start<rows, vectors>(sums, c, ldc, accumulate);
#if !defined(__aarch64__)
  if constexpr (rows == mr) {
    if (k > 0) sum_full_tile(sums, k, a, b);
    return;
  }
#endif
  for (; k >= 4; k -= 4, a += 4 * rows, b += 4 * nr) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) step<rows, vectors>(sums, a + i * rows, b + i * nr);
  }
#pragma GCC unroll 1
  for (; k > 0; --k, a += rows, b += nr) step<rows, vectors>(sums, a, b);
}

template <int rows, int vectors>
[[gnu::always_inline]] inline void finish(Sums<rows, vectors>& sums, const Epilogue& epilogue,
                                          const float* residual, std::ptrdiff_t ldc) {
  if (epilogue.bias != nullptr) {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
      const float32x4_t bias = vdupq_n_f32(epilogue.bias[row]);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sums[row][v] = vaddq_f32(sums[row][v], bias);
    }
  }
  if (residual != nullptr) {
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row, residual += ldc) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sums[row][v] = vaddq_f32(sums[row][v], vld1q_f32(residual + 4 * v));
    }
  }
  if (epilogue.activation.kind == Activation::Kind::none) return;
  const float32x4_t zero = vdupq_n_f32(0.0F);
#pragma GCC unroll 12
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      sums[row][v] = vmaxq_f32(sums[row][v], zero);  // NaN stays NaN, -0 becomes +0
    }
  }
  if (epilogue.activation.b < __builtin_inff()) {
    const float32x4_t ceiling = vdupq_n_f32(epilogue.activation.b);
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sums[row][v] = vminq_f32(sums[row][v], ceiling);
    }
  }
}

/// Which K loop of the full tile: they differ in their A panel.
enum class Panel { plain, expanded };

/// As GemmSweep; with one vector as GemmKernels::half_sweeps.
template <int rows, int vectors = 2, Panel panel = Panel::plain>
void sweep(std::int64_t panel_count, std::int64_t long_k, const float* a, const float* b,
           std::int64_t b_stride, float* c, std::int64_t c_stride, bool accumulate,
           const Epilogue* epilogue) {
  const auto ldc = static_cast<std::ptrdiff_t>(c_stride);
  const auto k = static_cast<std::ptrdiff_t>(long_k);
  const auto b_step = static_cast<std::ptrdiff_t>(b_stride);
  const float* residual = epilogue != nullptr ? epilogue->residual : nullptr;
  for (auto left = static_cast<std::ptrdiff_t>(panel_count); left > 0;
       --left, b += b_step, c += 4 * vectors) {
    Sums<rows, vectors> sums;
#if !defined(__aarch64__)
    if constexpr (panel == Panel::expanded) {
      start<rows, vectors>(sums, c, ldc, accumulate);
      sum_full_tile_expanded(sums, k, a, b);
    } else
#endif
      sum_tile<rows, vectors>(sums, k, a, b, c, ldc, accumulate);
    if (epilogue != nullptr) {
      finish<rows, vectors>(sums, *epilogue, residual, ldc);
      if (residual != nullptr) residual += 4 * vectors;
    }
    float* to = c;
#pragma GCC unroll 12
    for (int row = 0; row < rows; ++row, to += ldc) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) vst1q_f32(to + 4 * v, sums[row][v]);
    }
  }
}

template <int rows>
void gemm(std::int64_t k, const float* a, const float* b, float* c, std::int64_t ldc, bool accumulate,
          const Epilogue* epilogue) {
  sweep<rows>(1, k, a, b, 0, c, ldc, accumulate, epilogue);
}

constexpr GemmMicrokernel kernels[] = {
    {"f32-gemm 1x8 neon", Isa::neon, 1, nr, gemm<1>},    {"f32-gemm 2x8 neon", Isa::neon, 2, nr, gemm<2>},
    {"f32-gemm 3x8 neon", Isa::neon, 3, nr, gemm<3>},    {"f32-gemm 4x8 neon", Isa::neon, 4, nr, gemm<4>},
#if defined(__aarch64__)
    {"f32-gemm 5x8 neon", Isa::neon, 5, nr, gemm<5>},    {"f32-gemm 6x8 neon", Isa::neon, 6, nr, gemm<6>},
    {"f32-gemm 7x8 neon", Isa::neon, 7, nr, gemm<7>},    {"f32-gemm 8x8 neon", Isa::neon, 8, nr, gemm<8>},
    {"f32-gemm 9x8 neon", Isa::neon, 9, nr, gemm<9>},    {"f32-gemm 10x8 neon", Isa::neon, 10, nr, gemm<10>},
    {"f32-gemm 11x8 neon", Isa::neon, 11, nr, gemm<11>}, {"f32-gemm 12x8 neon", Isa::neon, 12, nr, gemm<12>},
#endif
};

constexpr GemmSweep sweeps[] = {
    sweep<1>, sweep<2>, sweep<3>, sweep<4>,
#if defined(__aarch64__)
    sweep<5>, sweep<6>, sweep<7>, sweep<8>, sweep<9>, sweep<10>, sweep<11>, sweep<12>,
#endif
};

constexpr GemmSweep half_sweeps[] = {
    sweep<1, 1>, sweep<2, 1>, sweep<3, 1>, sweep<4, 1>,
#if defined(__aarch64__)
    sweep<5, 1>, sweep<6, 1>, sweep<7, 1>, sweep<8, 1>, sweep<9, 1>, sweep<10, 1>, sweep<11, 1>, sweep<12, 1>,
#endif
};

#if !defined(__aarch64__)
constexpr ExpandedGemm expanded_gemm = {"f32-gemm 4x8 expanded neon", 4, expand_panel,
                                        sweep<mr, 2, Panel::expanded>, sweep<mr, 1, Panel::expanded>};
#endif

}  // namespace

const GemmKernels gemm_kernels_neon = {
    mr,
    nr,
    kernels,
    {},
    sweeps,
    half_sweeps,
#if !defined(__aarch64__)
    &expanded_gemm,
#endif
};

}  // namespace edge::kernels
