// The armv7 K loops of the full tile, 4 rows by 8 columns. Included by gemm_neon.cpp only; any thread, no
// errors.
//
// VFPv4 has no fused multiply-add by lane, so an element of A must fill a register. Two ways, both assembly
// (g++ 12 spills, and as vld1 has no offsets, unrolled intrinsics drown in address arithmetic):
//
// sum_full_tile: load-and-duplicate, one load per element, placed between the multiply-adds for cores that
// execute in order (Cortex-A7, A53). 13 instructions for 32 multiply-adds.
//   q8-9    B of this step      q10-11  B of the next step (the two change roles)
//   q12-15  A: one row's element in all lanes; reloaded as soon as its two multiply-adds are issued
//
// sum_full_tile_expanded: the panel holds every element four times (expand_panel), so that one vldm brings
// the four rows of a step. 19 instructions for 64 multiply-adds, the fewest of all forms that fit 16
// registers; but it loads 1.5 times as many bytes for each.
//   q8-11   B of two steps      q12-15  A of one step
//
// In both, q0-7 are the 4 x 2 sums (chosen by the compiler). Both exist for half tiles of four columns, too:
// 9 and 6 instructions for 16 multiply-adds.
#pragma once

#include <arm_neon.h>

#include <cstddef>

namespace edge::kernels {

using FullTile = float32x4_t[4][2];
using HalfTile = float32x4_t[4][1];

// clang-format off
#define EDGE_ROW(row, b0, b1, a) \
  "vfma.f32 %q[s" row "0], " b0 ", " a "\n" "vfma.f32 %q[s" row "1], " b1 ", " a "\n"
#define EDGE_STEP(b0, b1) \
  EDGE_ROW("0", b0, b1, "q12") EDGE_ROW("1", b0, b1, "q13") EDGE_ROW("2", b0, b1, "q14") EDGE_ROW("3", b0, b1, "q15")
#define EDGE_SUMS(row) [s##row##0] "+w"(sums[row][0]), [s##row##1] "+w"(sums[row][1])
#define EDGE_OPERANDS                                                                                           \
  : EDGE_SUMS(0), EDGE_SUMS(1), EDGE_SUMS(2), EDGE_SUMS(3), [a] "+r"(a), [b] "+r"(b), [k] "+r"(k)               \
  :                                                                                                             \
  : "cc", "memory", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15"

#define EDGE_LOAD_A(halves) "vld1.32 {" halves "}, [%[a]]!\n"
#define EDGE_STEP_AND_LOAD(b0, b1, next_b)                          \
  "vld1.32 {" next_b "}, [%[b]]!\n"                                 \
  EDGE_ROW("0", b0, b1, "q12") EDGE_LOAD_A("d24[], d25[]")          \
  EDGE_ROW("1", b0, b1, "q13") EDGE_LOAD_A("d26[], d27[]")          \
  EDGE_ROW("2", b0, b1, "q14") EDGE_LOAD_A("d28[], d29[]")          \
  EDGE_ROW("3", b0, b1, "q15") EDGE_LOAD_A("d30[], d31[]")

/// Adds the products of k > 0 steps. Two steps per round; the last one or two are peeled off, as they must
/// not load what comes after the panels.
[[gnu::always_inline]] inline void sum_full_tile(FullTile& sums, std::ptrdiff_t k, const float* a, const float* b) {
  asm volatile(
      "vld1.32 {d16-d19}, [%[b]]!\n"
      EDGE_LOAD_A("d24[], d25[]") EDGE_LOAD_A("d26[], d27[]") EDGE_LOAD_A("d28[], d29[]") EDGE_LOAD_A("d30[], d31[]")
      "subs %[k], %[k], #2\n"
      "ble 2f\n"
      "1:\n"
      EDGE_STEP_AND_LOAD("q8", "q9", "d20-d23")
      "pld [%[b], #256]\n"
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
      EDGE_OPERANDS);
}

#define EDGE_TWO_STEPS                                                        \
  "vldm %[b]!, {d16-d23}\n"                                                   \
  "vldm %[a]!, {d24-d31}\n" EDGE_STEP("q8", "q9")                             \
  "vldm %[a]!, {d24-d31}\n" EDGE_STEP("q10", "q11")

/// The same with a panel as expand_panel makes it.
[[gnu::always_inline]] inline void sum_full_tile_expanded(FullTile& sums, std::ptrdiff_t k, const float* a,
                                                          const float* b) {
  asm volatile(
      "subs %[k], %[k], #16\n"
      "blt 2f\n"
      "1:\n"
      EDGE_TWO_STEPS EDGE_TWO_STEPS EDGE_TWO_STEPS EDGE_TWO_STEPS
      EDGE_TWO_STEPS EDGE_TWO_STEPS EDGE_TWO_STEPS EDGE_TWO_STEPS
      "subs %[k], %[k], #16\n"
      "bge 1b\n"
      "2:\n"
      "adds %[k], %[k], #14\n"  // steps left - 2
      "blt 4f\n"
      "3:\n"
      EDGE_TWO_STEPS
      "subs %[k], %[k], #2\n"
      "bge 3b\n"
      "4:\n"
      "adds %[k], %[k], #2\n"
      "beq 5f\n"
      "vldm %[b], {d16-d19}\n"
      "vldm %[a], {d24-d31}\n"
      EDGE_STEP("q8", "q9")
      "5:\n"
      EDGE_OPERANDS);
}

// Half tiles, the first four columns of the B panel: q8-9 B, q12-15 A, q0-3 the sums.
#define EDGE_HALF_OPERANDS                                                                                        \
  : [s0] "+w"(sums[0][0]), [s1] "+w"(sums[1][0]), [s2] "+w"(sums[2][0]), [s3] "+w"(sums[3][0]), [a] "+r"(a),      \
    [b] "+r"(b), [k] "+r"(k)                                                                                      \
  : [row] "r"(8 * sizeof(float))                                                                                  \
  : "cc", "memory", "q8", "q9", "q12", "q13", "q14", "q15"
#define EDGE_HALF_STEP(b)                                                                 \
  "vfma.f32 %q[s0], " b ", q12\n" "vfma.f32 %q[s1], " b ", q13\n"                        \
  "vfma.f32 %q[s2], " b ", q14\n" "vfma.f32 %q[s3], " b ", q15\n"
#define EDGE_HALF_STEP_AND_LOAD(b, next_b)                                                \
  "vld1.32 {" next_b "}, [%[b]], %[row]\n"                                               \
  "vfma.f32 %q[s0], " b ", q12\n" EDGE_LOAD_A("d24[], d25[]")                             \
  "vfma.f32 %q[s1], " b ", q13\n" EDGE_LOAD_A("d26[], d27[]")                             \
  "vfma.f32 %q[s2], " b ", q14\n" EDGE_LOAD_A("d28[], d29[]")                             \
  "vfma.f32 %q[s3], " b ", q15\n" EDGE_LOAD_A("d30[], d31[]")

/// As for whole tiles, with four steps per round.
[[gnu::always_inline]] inline void sum_full_tile(HalfTile& sums, std::ptrdiff_t k, const float* a, const float* b) {
  asm volatile(
      "vld1.32 {d16-d17}, [%[b]], %[row]\n"
      EDGE_LOAD_A("d24[], d25[]") EDGE_LOAD_A("d26[], d27[]") EDGE_LOAD_A("d28[], d29[]") EDGE_LOAD_A("d30[], d31[]")
      "subs %[k], %[k], #5\n"
      "blt 2f\n"
      "1:\n"
      EDGE_HALF_STEP_AND_LOAD("q8", "d18-d19") EDGE_HALF_STEP_AND_LOAD("q9", "d16-d17")
      EDGE_HALF_STEP_AND_LOAD("q8", "d18-d19") EDGE_HALF_STEP_AND_LOAD("q9", "d16-d17")
      "subs %[k], %[k], #4\n"
      "bge 1b\n"
      "2:\n"
      "adds %[k], %[k], #3\n"  // steps left - 2
      "blt 4f\n"
      "3:\n"
      EDGE_HALF_STEP_AND_LOAD("q8", "d18-d19")
      "vmov q8, q9\n"
      "subs %[k], %[k], #1\n"
      "bge 3b\n"
      "4:\n"
      EDGE_HALF_STEP("q8")
      EDGE_HALF_OPERANDS);
}

#define EDGE_TWO_HALF_STEPS                                                               \
  "vld1.32 {d16-d17}, [%[b]], %[row]\n"                                                  \
  "vldm %[a]!, {d24-d31}\n" EDGE_HALF_STEP("q8")                                         \
  "vld1.32 {d18-d19}, [%[b]], %[row]\n"                                                  \
  "vldm %[a]!, {d24-d31}\n" EDGE_HALF_STEP("q9")

/// As for whole tiles.
[[gnu::always_inline]] inline void sum_full_tile_expanded(HalfTile& sums, std::ptrdiff_t k, const float* a,
                                                          const float* b) {
  asm volatile(
      "subs %[k], %[k], #8\n"
      "blt 2f\n"
      "1:\n"
      EDGE_TWO_HALF_STEPS EDGE_TWO_HALF_STEPS EDGE_TWO_HALF_STEPS EDGE_TWO_HALF_STEPS
      "subs %[k], %[k], #8\n"
      "bge 1b\n"
      "2:\n"
      "adds %[k], %[k], #6\n"  // steps left - 2
      "blt 4f\n"
      "3:\n"
      EDGE_TWO_HALF_STEPS
      "subs %[k], %[k], #2\n"
      "bge 3b\n"
      "4:\n"
      "adds %[k], %[k], #2\n"
      "beq 5f\n"
      "vld1.32 {d16-d17}, [%[b]]\n"
      "vldm %[a], {d24-d31}\n"
      EDGE_HALF_STEP("q8")
      "5:\n"
      EDGE_HALF_OPERANDS);
}

/// expanded[4 * i .. 4 * i + 3] = panel[i] for i < 4 * k.
inline void expand_panel(std::int64_t k, const float* panel, float* expanded) {
  auto left = static_cast<std::ptrdiff_t>(k);
  asm volatile(
      "subs %[left], %[left], #2\n"
      "blt 2f\n"
      "1:\n"
      "vld1.32 {d16[], d17[]}, [%[from]]!\n" "vld1.32 {d18[], d19[]}, [%[from]]!\n"
      "vld1.32 {d20[], d21[]}, [%[from]]!\n" "vld1.32 {d22[], d23[]}, [%[from]]!\n"
      "vld1.32 {d24[], d25[]}, [%[from]]!\n" "vld1.32 {d26[], d27[]}, [%[from]]!\n"
      "vld1.32 {d28[], d29[]}, [%[from]]!\n" "vld1.32 {d30[], d31[]}, [%[from]]!\n"
      "vstm %[to]!, {d16-d31}\n"
      "subs %[left], %[left], #2\n"
      "bge 1b\n"
      "2:\n"
      "adds %[left], %[left], #2\n"
      "beq 3f\n"
      "vld1.32 {d16[], d17[]}, [%[from]]!\n" "vld1.32 {d18[], d19[]}, [%[from]]!\n"
      "vld1.32 {d20[], d21[]}, [%[from]]!\n" "vld1.32 {d22[], d23[]}, [%[from]]!\n"
      "vstm %[to], {d16-d23}\n"
      "3:\n"
      : [left] "+r"(left), [from] "+r"(panel), [to] "+r"(expanded)
      :
      : "cc", "memory", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15");
}
// clang-format on

#undef EDGE_ROW
#undef EDGE_STEP
#undef EDGE_SUMS
#undef EDGE_OPERANDS
#undef EDGE_LOAD_A
#undef EDGE_STEP_AND_LOAD
#undef EDGE_TWO_STEPS
#undef EDGE_HALF_OPERANDS
#undef EDGE_HALF_STEP
#undef EDGE_HALF_STEP_AND_LOAD
#undef EDGE_TWO_HALF_STEPS

}  // namespace edge::kernels
