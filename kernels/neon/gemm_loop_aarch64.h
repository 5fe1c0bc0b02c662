// The aarch64 K loop of the full tile, 12 rows by 8 columns. Included by gemm_neon.cpp only; any thread, no
// errors.
//
// Assembly, as it uses every vector register and an in-order core (Cortex-A53) needs the loads placed between
// the multiply-adds. 32 registers, multiply-add by lane:
//   v24-27  A: a step takes three vectors from this ring of four, which is refilled in pairs 16 multiply-adds
//           before they are needed: 6 ldp for 4 steps
//   v28-29  B of even steps      v30-31  B of odd steps, each loaded one step ahead
//   the others (chosen by the compiler): the 12 x 2 sums
// 4 steps are 96 multiply-adds and 10 loads.
#pragma once

#include <arm_neon.h>

#include <cstddef>

namespace edge::kernels {

// clang-format off
#define EDGE_QUAD(r0, r1, r2, r3, a, b0, b1)                                        \
  "fmla %[s" #r0 "0].4s, " b0 ".4s, " a ".s[0]\n" "fmla %[s" #r1 "0].4s, " b0 ".4s, " a ".s[1]\n" \
  "fmla %[s" #r2 "0].4s, " b0 ".4s, " a ".s[2]\n" "fmla %[s" #r3 "0].4s, " b0 ".4s, " a ".s[3]\n" \
  "fmla %[s" #r0 "1].4s, " b1 ".4s, " a ".s[0]\n" "fmla %[s" #r1 "1].4s, " b1 ".4s, " a ".s[1]\n" \
  "fmla %[s" #r2 "1].4s, " b1 ".4s, " a ".s[2]\n" "fmla %[s" #r3 "1].4s, " b1 ".4s, " a ".s[3]\n"
#define EDGE_QUAD0(a, b0, b1) EDGE_QUAD(0, 1, 2, 3, a, b0, b1)
#define EDGE_QUAD1(a, b0, b1) EDGE_QUAD(4, 5, 6, 7, a, b0, b1)
#define EDGE_QUAD2(a, b0, b1) EDGE_QUAD(8, 9, 10, 11, a, b0, b1)
// Four steps; `next` brings the operands of the round that follows.
#define EDGE_ROUND(next_a01, next_a23, next_b)                                                        \
  EDGE_LOAD_B("q30, q31")                                                                             \
  EDGE_QUAD0("v24", "v28", "v29") EDGE_QUAD1("v25", "v28", "v29") EDGE_LOAD_A("q24, q25")             \
  EDGE_QUAD2("v26", "v28", "v29") EDGE_LOAD_B("q28, q29")                                             \
  EDGE_QUAD0("v27", "v30", "v31") EDGE_LOAD_A("q26, q27")                                             \
  EDGE_QUAD1("v24", "v30", "v31") EDGE_QUAD2("v25", "v30", "v31") EDGE_LOAD_A("q24, q25")             \
  EDGE_LOAD_B("q30, q31")                                                                             \
  EDGE_QUAD0("v26", "v28", "v29") EDGE_QUAD1("v27", "v28", "v29") EDGE_LOAD_A("q26, q27")             \
  EDGE_QUAD2("v24", "v28", "v29") next_b                                                              \
  EDGE_QUAD0("v25", "v30", "v31") next_a01                                                            \
  EDGE_QUAD1("v26", "v30", "v31") EDGE_QUAD2("v27", "v30", "v31") next_a23
#define EDGE_LOAD_A(registers) "ldp " registers ", [x9], #32\n"
#define EDGE_LOAD_B(registers) "ldp " registers ", [x10], #32\n"
#define EDGE_LOAD_C(row) "ldp %q[s" #row "0], %q[s" #row "1], [x12]\n" "add x12, x12, %[ldc]\n"
#define EDGE_ZERO(row) "movi %[s" #row "0].4s, #0\n" "movi %[s" #row "1].4s, #0\n"
#define EDGE_ALL_ROWS(what) \
  what(0) what(1) what(2) what(3) what(4) what(5) what(6) what(7) what(8) what(9) what(10) what(11)
#define EDGE_SUMS(row) [s##row##0] "=&w"(sums[row][0]), [s##row##1] "=&w"(sums[row][1])

/// sums = (c, unless null) + the products of k >= 0 steps. The rows of c are c_stride floats apart.
[[gnu::always_inline]] inline void sum_full_tile(float32x4_t (&sums)[12][2], std::ptrdiff_t k, const float* a,
                                                 const float* b, const float* c, std::ptrdiff_t c_stride) {
  // An asm statement has at most 30 operands, one that is read and written counts twice: hence the moves.
  asm volatile(
      "mov x9, %[a]\n"
      "mov x10, %[b]\n"
      "cbz %[c], 1f\n"
      "mov x12, %[c]\n"
      EDGE_ALL_ROWS(EDGE_LOAD_C)
      "b 2f\n"
      "1:\n"
      EDGE_ALL_ROWS(EDGE_ZERO)
      "2:\n"
      "ands x11, %[k], #3\n"  // the odd steps first
      "b.eq 4f\n"
      "3:\n"
      EDGE_LOAD_A("q24, q25")
      "ldr q26, [x9], #16\n"
      EDGE_LOAD_B("q28, q29")
      "subs x11, x11, #1\n"
      EDGE_QUAD0("v24", "v28", "v29") EDGE_QUAD1("v25", "v28", "v29") EDGE_QUAD2("v26", "v28", "v29")
      "b.ne 3b\n"
      "4:\n"
      "subs x11, %[k], #4\n"
      "b.lt 7f\n"
      EDGE_LOAD_A("q24, q25")
      EDGE_LOAD_B("q28, q29")
      EDGE_LOAD_A("q26, q27")
      "subs x11, x11, #4\n"
      "b.lt 6f\n"
      "5:\n"
      "prfm pldl1keep, [x10, #384]\n"
      EDGE_ROUND(EDGE_LOAD_A("q24, q25"), EDGE_LOAD_A("q26, q27"), EDGE_LOAD_B("q28, q29"))
      "subs x11, x11, #4\n"
      "b.ge 5b\n"
      "6:\n"  // the last round must not load what comes after the panels
      EDGE_ROUND("", "", "")
      "7:\n"
      : EDGE_SUMS(0), EDGE_SUMS(1), EDGE_SUMS(2), EDGE_SUMS(3), EDGE_SUMS(4), EDGE_SUMS(5), EDGE_SUMS(6),
        EDGE_SUMS(7), EDGE_SUMS(8), EDGE_SUMS(9), EDGE_SUMS(10), EDGE_SUMS(11)
      : [k] "r"(k), [a] "r"(a), [b] "r"(b), [c] "r"(c), [ldc] "r"(c_stride * std::ptrdiff_t{sizeof(float)})
      : "cc", "memory", "x9", "x10", "x11", "x12", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}
// clang-format on

#undef EDGE_QUAD
#undef EDGE_QUAD0
#undef EDGE_QUAD1
#undef EDGE_QUAD2
#undef EDGE_ROUND
#undef EDGE_LOAD_A
#undef EDGE_LOAD_B
#undef EDGE_LOAD_C
#undef EDGE_ZERO
#undef EDGE_ALL_ROWS
#undef EDGE_SUMS

}  // namespace edge::kernels
