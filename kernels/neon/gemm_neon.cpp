// NEON gemm microkernels: armv7 (VFPv4) 1 to 4 rows by 8 columns, aarch64 1 to 8 rows by 12. Any thread, no
// errors.
//
// The K loops of the full tiles are assembly: they use every vector register, and the loads of the next step
// are placed between the multiply-adds of this one, for cores that execute in order (Cortex-A7, A53). g++ 12
// spills there, and armv7's vld1 has no offsets, so that its unrolled intrinsics drown in address arithmetic.
//
// armv7, 16 registers, no fused multiply-add by lane:
//   q0-7    the 4 x 2 sums (allocated by the compiler)
//   q8-9    B of this step      q10-11  B of the next step (the two change roles)
//   q12-15  A: one row's element in all lanes; reloaded as soon as its two multiply-adds are issued
// (6x8 and 4x12 would need fewer instructions per multiply-add, 0.40 and 0.38 instead of 0.41, but leave one
// or two registers for A, so that every row waits for its load on an in-order core.) aarch64, 32 registers,
// multiply-add by lane:
//   v0-23   the 8 x 3 sums, row by row
//   v24-26  B; each reloaded after its eight multiply-adds, 16 multiply-adds before it is needed
//   v27-28  A of this step      v29-30  A of the next step (the two change roles)
#include <arm_neon.h>

#include <cstddef>

#include "kernels/gemm_kernels.h"

namespace edge::kernels {

namespace {

#if defined(__aarch64__)
constexpr int mr = 8;
constexpr int nr = 12;
#else
constexpr int mr = 4;
constexpr int nr = 8;
#endif
constexpr int parts = nr / 4;  // vectors of a row

/// x > 0 or NaN: x, else +0.
[[gnu::always_inline]] inline float32x4_t relu(float32x4_t x) {
  const uint32x4_t not_positive = vcleq_f32(x, vdupq_n_f32(0.0F));
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x), not_positive));
}

template <int rows>
using Sums = float32x4_t[rows][parts];

/// The sum over k of a tile that leaves registers free.
template <int rows>
[[gnu::always_inline]] inline void multiply(Sums<rows>& sums, std::ptrdiff_t k, const float* a,
                                            const float* b) {
  for (; k > 0; --k, a += rows, b += nr) {
    float32x4_t b_row[parts];
#pragma GCC unroll 3
    for (int part = 0; part < parts; ++part) b_row[part] = vld1q_f32(b + 4 * part);
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
      const float32x4_t element = vld1q_dup_f32(a + row);
#pragma GCC unroll 3
      for (int part = 0; part < parts; ++part)
        sums[row][part] = vfmaq_f32(sums[row][part], b_row[part], element);
    }
  }
}

// The sum over k of the full tile, k > 0. Two steps per round; the last one or two are peeled off, as they
// must not load what comes after the panels.
#if defined(__aarch64__)

// clang-format off
#define EDGE_PART(b, s0, s1, s2, s3, s4, s5, s6, s7, a_low, a_high)                         \
  "fmla " s0 ".4s, " b ".4s, " a_low ".s[0]\n"  "fmla " s1 ".4s, " b ".4s, " a_low ".s[1]\n"  \
  "fmla " s2 ".4s, " b ".4s, " a_low ".s[2]\n"  "fmla " s3 ".4s, " b ".4s, " a_low ".s[3]\n"  \
  "fmla " s4 ".4s, " b ".4s, " a_high ".s[0]\n" "fmla " s5 ".4s, " b ".4s, " a_high ".s[1]\n" \
  "fmla " s6 ".4s, " b ".4s, " a_high ".s[2]\n" "fmla " s7 ".4s, " b ".4s, " a_high ".s[3]\n"
#define EDGE_STEP(a_low, a_high, load_a, load_b0, load_b1, load_b2)                                             \
  load_a                                                                                                        \
  EDGE_PART("v24", "v0", "v3", "v6", "v9", "v12", "v15", "v18", "v21", a_low, a_high) load_b0  \
  EDGE_PART("v25", "v1", "v4", "v7", "v10", "v13", "v16", "v19", "v22", a_low, a_high) load_b1 \
  EDGE_PART("v26", "v2", "v5", "v8", "v11", "v14", "v17", "v20", "v23", a_low, a_high) load_b2
#define EDGE_STEP_AND_LOAD(a_low, a_high, next_a)                                        \
  EDGE_STEP(a_low, a_high, "ldp " next_a ", [%[a]], #32\n", "ldr q24, [%[b]], #16\n",    \
            "ldr q25, [%[b]], #16\n", "ldr q26, [%[b]], #16\n")
#define EDGE_ALL_SUMS(ldp_or_stp)                                                                     \
  ldp_or_stp " q0, q1, [%[sums]]\n"         ldp_or_stp " q2, q3, [%[sums], #32]\n"    \
  ldp_or_stp " q4, q5, [%[sums], #64]\n"    ldp_or_stp " q6, q7, [%[sums], #96]\n"    \
  ldp_or_stp " q8, q9, [%[sums], #128]\n"   ldp_or_stp " q10, q11, [%[sums], #160]\n" \
  ldp_or_stp " q12, q13, [%[sums], #192]\n" ldp_or_stp " q14, q15, [%[sums], #224]\n" \
  ldp_or_stp " q16, q17, [%[sums], #256]\n" ldp_or_stp " q18, q19, [%[sums], #288]\n" \
  ldp_or_stp " q20, q21, [%[sums], #320]\n" ldp_or_stp " q22, q23, [%[sums], #352]\n"
// An asm statement takes at most 15 operands that are read and written, so the 24 sums come and go through memory.
template <>
[[gnu::always_inline]] inline void multiply<mr>(Sums<mr>& sums, std::ptrdiff_t k, const float* a, const float* b) {
  asm volatile(
      EDGE_ALL_SUMS("ldp")
      "ldp q24, q25, [%[b]], #32\n"
      "ldr q26, [%[b]], #16\n"
      "ldp q27, q28, [%[a]], #32\n"
      "subs %[k], %[k], #2\n"
      "b.le 2f\n"
      "1:\n"
      EDGE_STEP_AND_LOAD("v27", "v28", "q29, q30")
      "prfm pldl1keep, [%[a], #512]\n"
      EDGE_STEP_AND_LOAD("v29", "v30", "q27, q28")
      "subs %[k], %[k], #2\n"
      "b.gt 1b\n"
      "2:\n"
      "b.ne 3f\n"  // one step is left
      EDGE_STEP_AND_LOAD("v27", "v28", "q29, q30")
      EDGE_STEP("v29", "v30", "", "", "", "")
      "b 4f\n"
      "3:\n"
      EDGE_STEP("v27", "v28", "", "", "", "")
      "4:\n"
      EDGE_ALL_SUMS("stp")
      : [a] "+r"(a), [b] "+r"(b), [k] "+r"(k)
      : [sums] "r"(sums)
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
        "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30");
}
// clang-format on
#undef EDGE_PART
#undef EDGE_ALL_SUMS

#else

// clang-format off
#define EDGE_ROW(row, b0, b1, a) \
  "vfma.f32 %q[s" row "0], " b0 ", " a "\n" "vfma.f32 %q[s" row "1], " b1 ", " a "\n"
#define EDGE_LOAD_A(halves) "vld1.32 {" halves "}, [%[a]]!\n"
#define EDGE_STEP(b0, b1) \
  EDGE_ROW("0", b0, b1, "q12") EDGE_ROW("1", b0, b1, "q13") EDGE_ROW("2", b0, b1, "q14") EDGE_ROW("3", b0, b1, "q15")
#define EDGE_STEP_AND_LOAD(b0, b1, next_b)                          \
  "vld1.32 {" next_b "}, [%[b]]!\n"                                 \
  EDGE_ROW("0", b0, b1, "q12") EDGE_LOAD_A("d24[], d25[]")          \
  EDGE_ROW("1", b0, b1, "q13") EDGE_LOAD_A("d26[], d27[]")          \
  EDGE_ROW("2", b0, b1, "q14") EDGE_LOAD_A("d28[], d29[]")          \
  EDGE_ROW("3", b0, b1, "q15") EDGE_LOAD_A("d30[], d31[]")
#define EDGE_SUMS(row) [s##row##0] "+w"(sums[row][0]), [s##row##1] "+w"(sums[row][1])
template <>
[[gnu::always_inline]] inline void multiply<mr>(Sums<mr>& sums, std::ptrdiff_t k, const float* a, const float* b) {
  asm volatile(
      "vld1.32 {d16-d19}, [%[b]]!\n"
      EDGE_LOAD_A("d24[], d25[]") EDGE_LOAD_A("d26[], d27[]") EDGE_LOAD_A("d28[], d29[]") EDGE_LOAD_A("d30[], d31[]")
      "subs %[k], %[k], #2\n"
      "ble 2f\n"
      "1:\n"
      EDGE_STEP_AND_LOAD("q8", "q9", "d20-d23")
      "pld [%[a], #256]\n"
      EDGE_STEP_AND_LOAD("q10", "q11", "d16-d19")
      "subs %[k], %[k], #2\n"
      "bgt 1b\n"
      "2:\n"
      "bne 3f\n"  // one step is left
      EDGE_STEP_AND_LOAD("q8", "q9", "d20-d23")
      EDGE_STEP("q10", "q11")
      "b 4f\n"
      "3:\n"
      EDGE_STEP("q8", "q9")
      "4:\n"
      : EDGE_SUMS(0), EDGE_SUMS(1), EDGE_SUMS(2), EDGE_SUMS(3), [a] "+r"(a), [b] "+r"(b), [k] "+r"(k)
      :
      : "cc", "memory", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15");
}
// clang-format on
#undef EDGE_ROW
#undef EDGE_LOAD_A
#undef EDGE_SUMS

#endif
#undef EDGE_STEP
#undef EDGE_STEP_AND_LOAD

template <int rows>
[[gnu::always_inline]] inline void finish(Sums<rows>& sums, const Epilogue& epilogue, std::ptrdiff_t ldc) {
  if (epilogue.bias != nullptr) {
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
      const float32x4_t bias = vdupq_n_f32(epilogue.bias[row]);
#pragma GCC unroll 3
      for (int part = 0; part < parts; ++part) sums[row][part] = vaddq_f32(sums[row][part], bias);
    }
  }
  if (epilogue.residual != nullptr) {
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 3
      for (int part = 0; part < parts; ++part) {
        sums[row][part] = vaddq_f32(sums[row][part], vld1q_f32(epilogue.residual + row * ldc + 4 * part));
      }
    }
  }
  if (epilogue.relu) {
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 3
      for (int part = 0; part < parts; ++part) sums[row][part] = relu(sums[row][part]);
    }
  }
}

template <int rows>
void gemm(std::int64_t k, const float* a, const float* b, float* c, std::int64_t c_stride, bool accumulate,
          const Epilogue* epilogue) {
  const auto ldc = static_cast<std::ptrdiff_t>(c_stride);
  Sums<rows> sums;
  if (accumulate) {
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 3
      for (int part = 0; part < parts; ++part) sums[row][part] = vld1q_f32(c + row * ldc + 4 * part);
    }
  } else {
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
      __builtin_prefetch(c + row * ldc, 1);
#pragma GCC unroll 3
      for (int part = 0; part < parts; ++part) sums[row][part] = vdupq_n_f32(0.0F);
    }
  }
  if (k > 0) multiply<rows>(sums, static_cast<std::ptrdiff_t>(k), a, b);
  if (epilogue != nullptr) finish<rows>(sums, *epilogue, ldc);
#pragma GCC unroll 8
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 3
    for (int part = 0; part < parts; ++part) vst1q_f32(c + row * ldc + 4 * part, sums[row][part]);
  }
}

constexpr GemmMicrokernel kernels[] = {
#if defined(__aarch64__)
    {"f32-gemm 1x12 neon", Isa::neon, 1, nr, gemm<1>}, {"f32-gemm 2x12 neon", Isa::neon, 2, nr, gemm<2>},
    {"f32-gemm 3x12 neon", Isa::neon, 3, nr, gemm<3>}, {"f32-gemm 4x12 neon", Isa::neon, 4, nr, gemm<4>},
    {"f32-gemm 5x12 neon", Isa::neon, 5, nr, gemm<5>}, {"f32-gemm 6x12 neon", Isa::neon, 6, nr, gemm<6>},
    {"f32-gemm 7x12 neon", Isa::neon, 7, nr, gemm<7>}, {"f32-gemm 8x12 neon", Isa::neon, 8, nr, gemm<8>},
#else
    {"f32-gemm 1x8 neon", Isa::neon, 1, nr, gemm<1>},
    {"f32-gemm 2x8 neon", Isa::neon, 2, nr, gemm<2>},
    {"f32-gemm 3x8 neon", Isa::neon, 3, nr, gemm<3>},
    {"f32-gemm 4x8 neon", Isa::neon, 4, nr, gemm<4>},
#endif
};

}  // namespace

// L1 32 KiB; L2 512 KiB (Pi 3) to 1 MiB (Pi 4) for four cores and nothing behind it: 128 KiB of weights at a
// time.
const GemmKernels gemm_kernels_neon = {
    mr,
    nr,
    kernels,
    {.kc = 256, .mc = 96, .nc = 1536, .tile_floats = 32 * 1024, .tile_rows = 128, .stage_floats = 16 * 1024}};

}  // namespace edge::kernels
