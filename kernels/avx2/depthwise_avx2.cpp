// AVX2 depthwise convolutions. Any thread, no errors.
#include <immintrin.h>

#include <cstddef>

#include "kernels/avx2/vector_avx2.h"
#include "kernels/depthwise_kernels.h"
#include "kernels/depthwise_loops.h"

namespace edge::kernels {

namespace {

struct Vector : avx2::FloatVector {
  [[gnu::always_inline]] static type zero() { return _mm256_setzero_ps(); }

  class Finish {
   public:
    [[gnu::always_inline]] Finish(float bias, bool relu, float ceiling)
        : bias_(_mm256_set1_ps(bias)),
          limit_(_mm256_set1_ps(relu ? __FLT_DENORM_MIN__ : -__builtin_inff())),
          ceiling_(_mm256_set1_ps(ceiling)) {}
    [[gnu::always_inline]] type operator()(type sum) const {
      sum = _mm256_add_ps(sum, bias_);
      sum = _mm256_and_ps(sum, _mm256_cmp_ps(sum, limit_, _CMP_NLT_UQ));  // NaN stays NaN, -0 becomes +0
      return _mm256_min_ps(ceiling_, sum);                                // the second one if it is NaN
    }

   private:
    type bias_, limit_, ceiling_;
  };

  /// In memory, as there are no registers left for them: those of a row are loaded below each of its taps.
  template <int kernel>
  class Weights {
   public:
    [[gnu::always_inline]] explicit Weights(const float* weights) {
      unrolled<0, kernel * kernel>([&]<int i>() __attribute__((always_inline)) {
        weights_[i] = _mm256_broadcast_ss(weights + i);
        return true;
      });
    }
    /// Hides from the compiler that they stay the same: else it would keep them in registers instead of sums.
    [[gnu::always_inline]] void begin_row() {
      at_ = weights_;
      asm("" : "+r"(at_) : "m"(weights_));
    }
    template <int tap>
    [[gnu::always_inline]] type multiply_add(type x, type sum) const {
      return _mm256_fmadd_ps(x, at_[tap], sum);
    }

   private:
    type weights_[kernel * kernel];
    const type* at_ = nullptr;
  };

  /// Loads are cheap here: one (stride 2: two) for every tap. `from` goes to the next row.
  template <int kernel, int stride, int width>
  class Row {
   public:
    [[gnu::always_inline]] Row(const float*& from, std::ptrdiff_t pitch) : from_(from) { from += pitch; }
    template <int i, int v>
    [[gnu::always_inline]] type tap() const {
      if constexpr (stride == 1) {
        return _mm256_loadu_ps(from_ + 8 * v + i);
      } else {
        // Every second element, 0 1 4 5 2 3 6 7; the loads and their shuffles serve two taps.
        const float* at = from_ + 16 * v + i / 2 * 2;
        return _mm256_shuffle_ps(_mm256_loadu_ps(at), _mm256_loadu_ps(at + 8),
                                 i % 2 == 0 ? _MM_SHUFFLE(2, 0, 2, 0) : _MM_SHUFFLE(3, 1, 3, 1));
      }
    }

   private:
    const float* from_;
  };

  /// Four vectors; moves the pointers on.
  [[gnu::always_inline]] static void copy_four(const float*& from, float*& to) {
    const type x0 = _mm256_loadu_ps(from);
    const type x1 = _mm256_loadu_ps(from + 8);
    const type x2 = _mm256_loadu_ps(from + 16);
    const type x3 = _mm256_loadu_ps(from + 24);
    _mm256_storeu_ps(to, x0);
    _mm256_storeu_ps(to + 8, x1);
    _mm256_storeu_ps(to + 16, x2);
    _mm256_storeu_ps(to + 24, x3);
    from += 32;
    to += 32;
  }
  template <int stride>
  [[gnu::always_inline]] static type in_order(type x) {
    if constexpr (stride == 1) return x;
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), _MM_SHUFFLE(3, 1, 2, 0)));
  }
};

constexpr DepthwiseVariant variants[depthwise_variant_count] = {
    {"f32-depthwise 3x3/1 avx2", 3, 1, depthwise_plane<Vector, 3, 1, 3>},
    {"f32-depthwise 3x3/2 avx2", 3, 2, depthwise_plane<Vector, 3, 2, 2>},
    {"f32-depthwise 5x5/1 avx2", 5, 1, depthwise_plane<Vector, 5, 1, 2>},
    {"f32-depthwise 5x5/2 avx2", 5, 2, depthwise_plane<Vector, 5, 2, 3>},
};

}  // namespace

const DepthwiseKernels depthwise_kernels_avx2 = {pad_rows<Vector>, variants};

}  // namespace edge::kernels
