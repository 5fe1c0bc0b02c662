// NEON dot products of linear(), armv7 (VFPv4) and aarch64. Any thread, no errors.
#include <arm_neon.h>

#include <cstddef>

#include "kernels/linear_kernels.h"

namespace edge::kernels {

namespace {

// The loops over whole sixteens are assembly, for the sake of loads of several registers: a row of weights is
// read once, so that instructions per weight count. Both return the number of elements that are done.
// clang-format off
#if defined(__aarch64__)
constexpr int most_rows = 4;

#define EDGE_ROW(from, s0, s1, s2, s3)                                                                  \
  "ld1 {v20.4s-v23.4s}, [%[" from "]], #64\n"                                                           \
  "fmla " s0 ".4s, v16.4s, v20.4s\n" "fmla " s1 ".4s, v17.4s, v21.4s\n"                                 \
  "fmla " s2 ".4s, v18.4s, v22.4s\n" "fmla " s3 ".4s, v19.4s, v23.4s\n"
#define EDGE_SIXTEEN                                                                                    \
  "ld1 {v16.4s-v19.4s}, [%[in]], #64\n"                                                                 \
  EDGE_ROW("w0", "v0", "v1", "v2", "v3")   EDGE_ROW("w1", "v4", "v5", "v6", "v7")                       \
  EDGE_ROW("w2", "v24", "v25", "v26", "v27") EDGE_ROW("w3", "v28", "v29", "v30", "v31")
#define EDGE_STORE(s0, s1, s2, s3) "st1 {" s0 ".4s-" s3 ".4s}, [%[sums]], #64\n"
#define EDGE_CLEAR(s0, s1, s2, s3)                                                                      \
  "movi " s0 ".4s, #0\n" "movi " s1 ".4s, #0\n" "movi " s2 ".4s, #0\n" "movi " s3 ".4s, #0\n"

/// Four rows: v0-7 and v24-31 their sums, v16-19 the input, v20-23 weights.
std::ptrdiff_t sum_sixteens(const float* in, const float* weights, std::ptrdiff_t stride, std::ptrdiff_t count,
                            float32x4_t (&sums)[4][4]) {
  std::ptrdiff_t left = count / 16;
  const float* w1 = weights + stride;
  const float* w2 = w1 + stride;
  const float* w3 = w2 + stride;
  float32x4_t* to = sums[0];
  asm volatile(
      EDGE_CLEAR("v0", "v1", "v2", "v3") EDGE_CLEAR("v4", "v5", "v6", "v7")
      EDGE_CLEAR("v24", "v25", "v26", "v27") EDGE_CLEAR("v28", "v29", "v30", "v31")
      "subs %[left], %[left], #2\n"
      "b.lt 2f\n"
      "1:\n"
      "prfm pldl1strm, [%[w0], #512]\n" "prfm pldl1strm, [%[w1], #512]\n"
      "prfm pldl1strm, [%[w2], #512]\n" "prfm pldl1strm, [%[w3], #512]\n"
      EDGE_SIXTEEN EDGE_SIXTEEN
      "subs %[left], %[left], #2\n"
      "b.ge 1b\n"
      "2:\n"
      "tbz %[left], #0, 3f\n"
      EDGE_SIXTEEN
      "3:\n"
      EDGE_STORE("v0", "v1", "v2", "v3") EDGE_STORE("v4", "v5", "v6", "v7")
      EDGE_STORE("v24", "v25", "v26", "v27") EDGE_STORE("v28", "v29", "v30", "v31")
      : [left] "+r"(left), [in] "+r"(in), [w0] "+r"(weights), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3),
        [sums] "+r"(to)
      :
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21",
        "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
  return count / 16 * 16;
}
#undef EDGE_CLEAR
#undef EDGE_STORE
#undef EDGE_ROW
#undef EDGE_SIXTEEN
#else
constexpr int most_rows = 1;

#define EDGE_SIX(s0, s1, s2, s3, s4, s5)                                                                \
  "vldm %[in]!, {d8-d19}\n" "vldm %[weights]!, {d20-d31}\n"                                             \
  "vfma.f32 " s0 ", q4, q10\n" "vfma.f32 " s1 ", q5, q11\n" "vfma.f32 " s2 ", q6, q12\n"                \
  "vfma.f32 " s3 ", q7, q13\n" "vfma.f32 " s4 ", q8, q14\n" "vfma.f32 " s5 ", q9, q15\n"
#define EDGE_FORTY_EIGHT                                                                                \
  "pld [%[weights], #512]\n"                                                                            \
  EDGE_SIX("q0", "q1", "q2", "q3", "q0", "q1") EDGE_SIX("q2", "q3", "q0", "q1", "q2", "q3")

/// One row: q0-3 its sums, q4-9 the input, q10-15 weights.
std::ptrdiff_t sum_sixteens(const float* in, const float* weights, std::ptrdiff_t /*stride*/,
                            std::ptrdiff_t count, float32x4_t (&sums)[1][4]) {
  std::ptrdiff_t left = count / 16;
  asm volatile(
      "vmov.i32 q0, #0\n" "vmov.i32 q1, #0\n" "vmov.i32 q2, #0\n" "vmov.i32 q3, #0\n"
      "subs %[left], %[left], #6\n"
      "blt 2f\n"
      "1:\n"
      EDGE_FORTY_EIGHT EDGE_FORTY_EIGHT
      "subs %[left], %[left], #6\n"
      "bge 1b\n"
      "2:\n"
      "adds %[left], %[left], #6\n"
      "beq 4f\n"
      "3:\n"
      "vldm %[in]!, {d8-d15}\n" "vldm %[weights]!, {d20-d27}\n"
      "vfma.f32 q0, q4, q10\n" "vfma.f32 q1, q5, q11\n" "vfma.f32 q2, q6, q12\n" "vfma.f32 q3, q7, q13\n"
      "subs %[left], %[left], #1\n"
      "bne 3b\n"
      "4:\n"
      "vstm %[sums], {d0-d7}\n"
      : [left] "+r"(left), [in] "+r"(in), [weights] "+r"(weights)
      : [sums] "r"(&sums[0][0])
      : "cc", "memory", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13",
        "q14", "q15");
  return count / 16 * 16;
}
#undef EDGE_SIX
#undef EDGE_FORTY_EIGHT
#endif
// clang-format on

[[gnu::always_inline]] inline float add_halves(const float32x4_t (&sums)[4]) {
  const float32x4_t four = vaddq_f32(vaddq_f32(sums[0], sums[2]), vaddq_f32(sums[1], sums[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(vpadd_f32(two, two), 0);
}

/// Sixteen elements of every row; row r's weights are at weights + r * stride.
template <int rows>
[[gnu::always_inline]] inline void step(const float* in, const float* weights, std::ptrdiff_t stride,
                                        float32x4_t (&sums)[rows][4]) {
#pragma GCC unroll 4
  for (int part = 0; part < 4; ++part) {
    const float32x4_t values = vld1q_f32(in + 4 * part);
#pragma GCC unroll 4
    for (int row = 0; row < rows; ++row) {
      sums[row][part] = vfmaq_f32(sums[row][part], values, vld1q_f32(weights + row * stride + 4 * part));
    }
  }
}

template <int rows>
void dot(const float* in, const float* weights, std::ptrdiff_t count, float* dots) {
  float32x4_t sums[rows][4];
  std::ptrdiff_t k = 0;
  if constexpr (rows == most_rows) {
    k = sum_sixteens(in, weights, count, count, sums);
  } else {
#pragma GCC unroll 4
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
      for (int part = 0; part < 4; ++part) sums[row][part] = vdupq_n_f32(0.0F);
    }
    for (; k + 16 <= count; k += 16) step<rows>(in + k, weights + k, count, sums);
  }
  if (k < count) {
    float padded_in[16] = {};
    float padded_weights[rows][16] = {};
    for (std::ptrdiff_t i = k; i < count; ++i) {
      padded_in[i - k] = in[i];
      for (int row = 0; row < rows; ++row) padded_weights[row][i - k] = weights[row * count + i];
    }
    step<rows>(padded_in, padded_weights[0], 16, sums);
  }
#pragma GCC unroll 4
  for (int row = 0; row < rows; ++row) dots[row] = add_halves(sums[row]);
}

void dot_rows(const float* in, const float* weights, std::int64_t long_count, int rows, float* dots) {
  const auto count = static_cast<std::ptrdiff_t>(long_count);
#if defined(__aarch64__)
  if (rows == 1) return dot<1>(in, weights, count, dots);
  if (rows == 2) return dot<2>(in, weights, count, dots);
  if (rows == 3) return dot<3>(in, weights, count, dots);
#else
  static_cast<void>(rows);
#endif
  dot<most_rows>(in, weights, count, dots);
}

}  // namespace

const LinearKernels linear_kernels_neon = {most_rows, dot_rows};

}  // namespace edge::kernels
