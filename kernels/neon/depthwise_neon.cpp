// NEON depthwise convolutions, armv7 (VFPv4) and aarch64. Any thread, no errors.
#include <arm_neon.h>

#include <cstddef>

#include "kernels/depthwise_kernels.h"
#include "kernels/depthwise_loops.h"
#include "kernels/neon/vector_neon.h"

namespace edge::kernels {

namespace {

struct Vector : neon::FloatVector {
  [[gnu::always_inline]] static type zero() { return vdupq_n_f32(0.0F); }
  class Finish {
   public:
    [[gnu::always_inline]] Finish(float bias, bool relu, float ceiling)
        : bias_(vdupq_n_f32(bias)),
          limit_(vdupq_n_f32(relu ? 0.0F : -__builtin_inff())),
          ceiling_(vdupq_n_f32(ceiling)) {}
    [[gnu::always_inline]] type operator()(type sum) const {
      // NaN stays NaN, -0 becomes +0 if that is the limit.
      return vminq_f32(vmaxq_f32(vaddq_f32(sum, bias_), limit_), ceiling_);
    }

   private:
    type bias_, limit_, ceiling_;
  };
  /// Four vectors; moves the pointers on.
  [[gnu::always_inline]] static void copy_four(const float*& from, float*& to) {
#if defined(__aarch64__)
    const type x0 = vld1q_f32(from);
    const type x1 = vld1q_f32(from + 4);
    const type x2 = vld1q_f32(from + 8);
    const type x3 = vld1q_f32(from + 12);
    vst1q_f32(to, x0);
    vst1q_f32(to + 4, x1);
    vst1q_f32(to + 8, x2);
    vst1q_f32(to + 12, x3);
    from += 16;
    to += 16;
#else
    asm volatile("vldm %0!, {d16-d23}\n vstm %1!, {d16-d23}\n"
                 : "+r"(from), "+r"(to)
                 :
                 : "memory", "q8", "q9", "q10", "q11");
#endif
  }
  template <int stride>
  [[gnu::always_inline]] static type in_order(type x) {
    return x;
  }

  /// Multiply-add by lane, or (armv7) by weights that fill registers.
  template <int kernel>
  class Weights {
   public:
    [[gnu::always_inline]] void begin_row() const {}
    [[gnu::always_inline]] explicit Weights(const float* weights) {
#if defined(__aarch64__)
      unrolled<0, taps / 4>([&]<int i>() __attribute__((always_inline)) {
        weights_[i] = vld1q_f32(weights + 4 * i);
        return true;
      });
      weights_[taps / 4] = vld1q_dup_f32(weights + taps - 1);  // odd x odd = 1 modulo 4
#else
      unrolled<0, taps>([&]<int i>() __attribute__((always_inline)) {
        weights_[i] = vld1q_dup_f32(weights + i);
        return true;
      });
#endif
    }
    template <int tap>
    [[gnu::always_inline]] type multiply_add(type x, type sum) const {
#if defined(__aarch64__)
      return vfmaq_laneq_f32(sum, x, weights_[tap / 4], tap % 4);
#else
      return vfmaq_f32(sum, x, weights_[tap]);
#endif
    }

   private:
    static constexpr int taps = kernel * kernel;
    static_assert(taps % 4 == 1);
#if defined(__aarch64__)
    type weights_[taps / 4 + 1];
#else
    type weights_[taps];
#endif
  };

  /// The vectors of a row that the taps need; those between are put together from neighbours. `from` goes to
  /// the next row.
  template <int kernel, int stride, int width>
  class Row;

  template <int kernel, int width>
  class Row<kernel, 1, width> {
   public:
    [[gnu::always_inline]] Row(const float*& from, std::ptrdiff_t pitch) {
      unrolled<0, width + 1>([&]<int v>() __attribute__((always_inline)) {
        x_[v] = vld1q_f32(from + 4 * v);
        return true;
      });
      from += pitch;
    }
    template <int i, int v>
    [[gnu::always_inline]] type tap() const {
      return between<i>(x_[v], x_[v + 1]);
    }

   private:
    type x_[width + 1];
  };

  template <int kernel, int width>
  class Row<kernel, 2, width> {
   public:
    [[gnu::always_inline]] Row(const float*& from, std::ptrdiff_t pitch) {
      unrolled<0, width>([&]<int v>() __attribute__((always_inline)) {
        x_[v] = vld2q_f32(from + 8 * v);
        return true;
      });
      if constexpr (kernel <= 3) {
        x_[width].val[0] = vld1q_f32(from + 8 * width);  // its first element is all that is needed
      } else {
        x_[width] = vld2q_f32(from + 8 * width);
      }
      from += pitch;
    }
    template <int i, int v>
    [[gnu::always_inline]] type tap() const {
      return between<i / 2>(x_[v].val[i % 2], x_[v + 1].val[i % 2]);
    }

   private:
    float32x4x2_t x_[width + 1];
  };

  /// Elements shift ... shift + 3 of low and high.
  template <int shift>
  [[gnu::always_inline]] static type between(type low, type high) {
    if constexpr (shift == 0) {
      return low;
    } else if constexpr (shift == 4) {
      return high;
    } else {
      return vextq_f32(low, high, shift);
    }
  }
};

#if !defined(__aarch64__)

}  // namespace

// In assembly, as g++ 12 spills: q0-8 the weights, q9-11 the sums, q12-13 a row, q14-15 its elements under
// the second and third column of the kernel.
// clang-format off
#define EDGE_TAPS(sum, w0, w1, w2) \
  "vfma.f32 " sum ", " w0 ", q12\n" "vfma.f32 " sum ", " w1 ", q14\n" "vfma.f32 " sum ", " w2 ", q15\n"
#define EDGE_LOAD_ROW                        \
  "vld1.32 {d24-d27}, [%[image]], %[pitch]\n" \
  "vext.32 q14, q12, q13, #1\n"              \
  "vext.32 q15, q12, q13, #2\n"
// Behind the ReLU; EDGE_NO_CEILING where there is none.
#define EDGE_CEILING(sum) "vld1.32 {d24-d25}, [%[ceiling]]\n" "vmin.f32 " sum ", " sum ", q12\n"
#define EDGE_NO_CEILING(sum)
// An input row: the last of sum s0, the second of s1, the first of s2.
#define EDGE_OUTPUT_ROW(s0, s1, s2, ceiling)                                                                \
  "vld1.32 {d24-d27}, [%[image]], %[pitch]\n"                                                        \
  "vmov.i32 " s2 ", #0\n"                                                                            \
  "vext.32 q14, q12, q13, #1\n"                                                                      \
  "vfma.f32 " s0 ", q6, q12\n" "vfma.f32 " s1 ", q3, q12\n" "vfma.f32 " s2 ", q0, q12\n"             \
  "vext.32 q15, q12, q13, #2\n"                                                                      \
  "vfma.f32 " s0 ", q7, q14\n" "vfma.f32 " s1 ", q4, q14\n" "vfma.f32 " s2 ", q1, q14\n"             \
  "vld1.32 {d24-d27}, [%[finish]]\n"                                                                 \
  "vfma.f32 " s0 ", q8, q15\n" "vfma.f32 " s1 ", q5, q15\n" "vfma.f32 " s2 ", q2, q15\n"             \
  "vadd.f32 " s0 ", " s0 ", q12\n"                                                                   \
  "subs %[rows], %[rows], #1\n"                                                                      \
  "vmax.f32 " s0 ", " s0 ", q13\n"                                                                   \
  ceiling(s0)

#define EDGE_STRIP(ceiling_step)                                                                            \
  asm volatile(                                                                                             \
      "vld1.32 {d0[], d1[]}, [%[weights]]!\n"   "vld1.32 {d2[], d3[]}, [%[weights]]!\n"                     \
      "vld1.32 {d4[], d5[]}, [%[weights]]!\n"   "vld1.32 {d6[], d7[]}, [%[weights]]!\n"                     \
      "vld1.32 {d8[], d9[]}, [%[weights]]!\n"   "vld1.32 {d10[], d11[]}, [%[weights]]!\n"                   \
      "vld1.32 {d12[], d13[]}, [%[weights]]!\n" "vld1.32 {d14[], d15[]}, [%[weights]]!\n"                   \
      "vld1.32 {d16[], d17[]}, [%[weights]]\n"                                                              \
      "vmov.i32 q9, #0\n"                                                                                   \
      "vmov.i32 q10, #0\n"                                                                                  \
      EDGE_LOAD_ROW EDGE_TAPS("q9", "q0", "q1", "q2")                                                       \
      EDGE_LOAD_ROW EDGE_TAPS("q9", "q3", "q4", "q5") EDGE_TAPS("q10", "q0", "q1", "q2")                    \
      "1:\n"                                                                                                \
      EDGE_OUTPUT_ROW("q9", "q10", "q11", ceiling_step) "vst1.32 {d18-d19}, [%[out]], %[out_pitch]\n"       \
      "beq 2f\n"                                                                                            \
      EDGE_OUTPUT_ROW("q10", "q11", "q9", ceiling_step) "vst1.32 {d20-d21}, [%[out]], %[out_pitch]\n"       \
      "beq 2f\n"                                                                                            \
      EDGE_OUTPUT_ROW("q11", "q9", "q10", ceiling_step) "vst1.32 {d22-d23}, [%[out]], %[out_pitch]\n"       \
      "bne 1b\n"                                                                                            \
      "2:\n"                                                                                                \
      : [image] "+r"(image), [out] "+r"(out), [rows] "+r"(rows), [weights] "+r"(weights)                    \
      : [pitch] "r"(plane.pitch * std::ptrdiff_t{sizeof(float)}), [finish] "r"(finish),                     \
        [ceiling] "r"(ceiling), [out_pitch] "r"(out_pitch * std::ptrdiff_t{sizeof(float)})                  \
      : "cc", "memory", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12",    \
        "q13", "q14", "q15")

template <>
[[gnu::noinline]] void depthwise_strip<Vector, 3, 1, 1>(const DepthwisePlane& plane, std::ptrdiff_t column,
                                                        std::ptrdiff_t rows, const float* image, float* out,
                                                        std::ptrdiff_t out_pitch) {
  const float bias = plane.bias != nullptr ? *plane.bias : -0.0F;
  const float limit = plane.relu ? 0.0F : -__builtin_inff();
  const float finish[8] = {bias, bias, bias, bias, limit, limit, limit, limit};
  const float ceiling[4] = {plane.ceiling, plane.ceiling, plane.ceiling, plane.ceiling};
  const float* weights = plane.weights;
  image += column;
  if (plane.ceiling < __builtin_inff()) {
    EDGE_STRIP(EDGE_CEILING);
  } else {
    EDGE_STRIP(EDGE_NO_CEILING);
  }
}
// clang-format on

#undef EDGE_TAPS
#undef EDGE_LOAD_ROW
#undef EDGE_OUTPUT_ROW
#undef EDGE_CEILING
#undef EDGE_NO_CEILING
#undef EDGE_STRIP

namespace {
#endif

#if defined(__aarch64__)
constexpr int width3 = 4;  // vectors side by side, as the registers allow
constexpr int width5 = 2;
#else
constexpr int width3 = 1;
constexpr int width5 = 1;
#endif

constexpr DepthwiseVariant variants[depthwise_variant_count] = {
    {"f32-depthwise 3x3/1 neon", 3, 1, depthwise_plane<Vector, 3, 1, width3>},
    {"f32-depthwise 3x3/2 neon", 3, 2, depthwise_plane<Vector, 3, 2, width3>},
    {"f32-depthwise 5x5/1 neon", 5, 1, depthwise_plane<Vector, 5, 1, width5>},
    {"f32-depthwise 5x5/2 neon", 5, 2, depthwise_plane<Vector, 5, 2, width5>},
};

}  // namespace

const DepthwiseKernels depthwise_kernels_neon = {pad_rows<Vector>, variants};

}  // namespace edge::kernels
