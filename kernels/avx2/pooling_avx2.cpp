// Pooling rows for AVX2. Pure functions, thread-safe, no errors.
//
// Max pooling is separable: first the largest value of each image column into `scratch`, then of each window.
// It works on keys: integers in the order -infinity < ... < -0 < +0 < ... < +infinity < NaN, because maxps
// drops NaNs and takes -0 for +0.
#include <immintrin.h>

#include "kernels/pooling_kernels.h"

namespace edge::kernels {
namespace {

constexpr int nan_values = 0x7FFFFF;  // of each sign

__m256i load_bits(const float* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
void store_bits(float* to, __m256i bits) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bits);
}

/// The order of floats with a set sign is that of integers turned round: flip all bits but the sign.
__m256i flip_negative(__m256i bits) {
  return _mm256_xor_si256(bits, _mm256_srli_epi32(_mm256_srai_epi32(bits, 31), 1));
}

/// The negative NaNs would be the smallest: the subtraction wraps them round to the top.
__m256i key_of(__m256i bits) {
  return _mm256_sub_epi32(flip_negative(bits), _mm256_set1_epi32(nan_values));
}
__m256i bits_of(__m256i key) {
  return flip_negative(_mm256_add_epi32(key, _mm256_set1_epi32(nan_values)));
}
__m256i lowest_key() {
  return _mm256_set1_epi32(static_cast<int>(0x80000000U));
}  // -infinity

/// Key of the largest of `rows` values in each of eight columns; rows >= 1.
__m256i column_keys(const float* in, std::ptrdiff_t rows, std::ptrdiff_t row_step) {
  __m256i largest = key_of(load_bits(in));
  for (std::ptrdiff_t r = 1; r < rows; ++r) {
    largest = _mm256_max_epi32(largest, key_of(load_bits(in + r * row_step)));
  }
  return largest;
}

template <int fixed_rows>
void columns_to_scratch(const MaxPoolRow& row, float* scratch) {
  const std::ptrdiff_t rows = fixed_rows > 0 ? fixed_rows : row.rows;
  if (row.in_columns >= 8) {
    std::ptrdiff_t c = 0;
    for (; c + 8 <= row.in_columns; c += 8)
      store_bits(scratch + c, column_keys(row.in + c, rows, row.row_step));
    if (c < row.in_columns) {  // the last eight once more, overlapping
      c = row.in_columns - 8;
      store_bits(scratch + c, column_keys(row.in + c, rows, row.row_step));
    }
    return;
  }
  alignas(32) int lanes[8];
  for (int i = 0; i < 8; ++i) lanes[i] = i < row.in_columns ? -1 : 0;
  const __m256i used = _mm256_load_si256(reinterpret_cast<const __m256i*>(lanes));
  __m256i largest = lowest_key();
  for (std::ptrdiff_t r = 0; r < rows; ++r) {
    const __m256 values = _mm256_maskload_ps(row.in + r * row.row_step, used);
    largest = _mm256_max_epi32(largest, key_of(_mm256_castps_si256(values)));
  }
  store_bits(scratch, largest);
}

/// Fills the padded row in `scratch` with keys, and some lanes behind it that vector loads may touch.
void fill_scratch(const MaxPoolRow& row, float* scratch) {
  const std::ptrdiff_t needed = (row.count - 1) * row.stride + (row.window - 1) * row.window_step + 1;
  const std::ptrdiff_t image_end = row.padding + row.in_columns;
  const std::ptrdiff_t begin = row.rows > 0 ? image_end : 0;
  const std::ptrdiff_t end = needed > image_end ? needed : image_end;
  if (row.rows > 0) {
    for (std::ptrdiff_t c = 0; c < row.padding; c += 8) store_bits(scratch + c, lowest_key());
    if (row.rows == 3) {
      columns_to_scratch<3>(row, scratch + row.padding);
    } else if (row.rows == 2) {
      columns_to_scratch<2>(row, scratch + row.padding);
    } else {
      columns_to_scratch<0>(row, scratch + row.padding);
    }
  }
  for (std::ptrdiff_t c = begin; c < end + 16; c += 8) store_bits(scratch + c, lowest_key());
}

/// Keys at the columns of eight neighbouring windows. For stride 2 the 64-bit quarters come out in the order
/// 0 2 1 3; for any stride but 1 and 2, `offsets` says where they are.
template <int stride>
__m256i strided_keys(const float* scratch, __m256i offsets) {
  if constexpr (stride == 1) {
    return load_bits(scratch);
  } else if constexpr (stride == 2) {
    return _mm256_castps_si256(
        _mm256_shuffle_ps(_mm256_loadu_ps(scratch), _mm256_loadu_ps(scratch + 8), 0x88));
  } else {
    return _mm256_castps_si256(_mm256_i32gather_ps(scratch, offsets, 4));
  }
}

template <int stride, int fixed_window>
__m256 largest_of_windows(const MaxPoolRow& row, const float* scratch, __m256i offsets) {
  const std::ptrdiff_t window = fixed_window > 0 ? fixed_window : row.window;
  const std::ptrdiff_t step = fixed_window > 0 ? 1 : row.window_step;
  __m256i largest = strided_keys<stride>(scratch, offsets);
  for (std::ptrdiff_t k = 1; k < window; ++k) {
    largest = _mm256_max_epi32(largest, strided_keys<stride>(scratch + k * step, offsets));
  }
  if constexpr (stride == 2) largest = _mm256_permute4x64_epi64(largest, 0xD8);
  return _mm256_castsi256_ps(bits_of(largest));
}

template <int stride, int fixed_window>
void windows_to_out(const MaxPoolRow& row, const float* scratch) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i step = _mm256_set1_epi32(static_cast<int>(row.stride));
  const __m256i offsets = _mm256_mullo_epi32(lanes, step);
  std::ptrdiff_t i = 0;
  for (; i + 8 <= row.count; i += 8) {
    _mm256_storeu_ps(row.out + i,
                     largest_of_windows<stride, fixed_window>(row, scratch + i * row.stride, offsets));
  }
  if (i < row.count) {
    const __m256i last = _mm256_set1_epi32(static_cast<int>(row.count - i - 1));
    const __m256i rest_offsets = _mm256_mullo_epi32(_mm256_min_epi32(lanes, last), step);
    const __m256 rest = largest_of_windows<stride, fixed_window>(row, scratch + i * row.stride, rest_offsets);
    _mm256_maskstore_ps(row.out + i, _mm256_cmpgt_epi32(_mm256_add_epi32(last, _mm256_set1_epi32(1)), lanes),
                        rest);
  }
}

void max_row(const MaxPoolRow& row, float* scratch) {
  fill_scratch(row, scratch);
  if (row.stride == 1) {
    windows_to_out<1, 0>(row, scratch);
  } else if (row.stride == 2 && row.window_step == 1 && row.window == 2) {
    windows_to_out<2, 2>(row, scratch);
  } else if (row.stride == 2 && row.window_step == 1 && row.window == 3) {
    windows_to_out<2, 3>(row, scratch);
  } else if (row.stride == 2) {
    windows_to_out<2, 0>(row, scratch);
  } else {
    windows_to_out<0, 0>(row, scratch);
  }
}

void max_rows(const MaxPoolRow& rows, float* scratch) {
  MaxPoolRow row = rows;
  for (std::ptrdiff_t repeat = 0; repeat < rows.repeats; ++repeat) {
    max_row(row, scratch);
    row.in += row.in_advance;
    row.out += row.count;
  }
}

/// Eight neighbouring windows; with stride 2 it reads one column more than they have.
template <int stride>
__m256 average_of_windows(const AveragePoolRow& row, const float* in, __m256 divisor) {
  __m256 sum = _mm256_setzero_ps();
  for (std::ptrdiff_t r = 0; r < row.rows; ++r) {
    for (std::ptrdiff_t c = 0; c < row.window; ++c) {
      const float* at = in + r * row.row_step + c;
      __m256 values = _mm256_loadu_ps(at);
      if constexpr (stride == 2) values = _mm256_shuffle_ps(values, _mm256_loadu_ps(at + 8), 0x88);
      sum = _mm256_add_ps(sum, values);
    }
  }
  if constexpr (stride == 2) {
    sum = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(sum), 0xD8));
  }
  return _mm256_div_ps(sum, divisor);
}

void average_row(const AveragePoolRow& row) {
  const __m256 divisor = _mm256_set1_ps(row.divisor);
  std::ptrdiff_t i = 0;
  if (row.stride == 1) {
    for (; i + 8 <= row.count; i += 8)
      _mm256_storeu_ps(row.out + i, average_of_windows<1>(row, row.in + i, divisor));
  } else if (row.stride == 2) {
    for (; i + 8 < row.count; i += 8) {
      _mm256_storeu_ps(row.out + i, average_of_windows<2>(row, row.in + 2 * i, divisor));
    }
  }
  if (i == row.count) return;
  AveragePoolRow rest = row;
  rest.in += i * row.stride;
  rest.out += i;
  rest.count -= i;
  pooling_scalar.average_row(rest);
}

}  // namespace

const PoolingKernels pooling_avx2 = {Isa::avx2, max_rows, average_row};

}  // namespace edge::kernels
