// Delta kernels for AVX2 with BMI2 and POPCNT. Pure functions, thread-safe, no errors.
#include <immintrin.h>

#include "kernels/byte_loops.h"
#include "kernels/delta_kernels.h"
#include "kernels/delta_loops.h"
#include "kernels/delta_tables.h"

namespace edge::kernels {
namespace {

__m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
void store(void* to, __m256i value) {
  _mm256_storeu_si256(static_cast<__m256i*>(to), value);
}
__m128i load_8_bytes(const void* from) {
  return _mm_loadl_epi64(static_cast<const __m128i*>(from));
}
void store_8_bytes(void* to, __m128i value) {
  _mm_storel_epi64(static_cast<__m128i*>(to), value);
}

std::size_t bit_count(std::uint64_t bits) {
  return static_cast<std::size_t>(_mm_popcnt_u64(bits));
}

/// Set bits among the first `count` of a mask.
std::size_t count_bits(const std::uint8_t* mask, std::size_t count) {
  std::size_t set = 0;
  std::size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    std::uint64_t bits = 0;
    __builtin_memcpy(&bits, mask + i / 8, 8);
    set += bit_count(bits);
  }
  for (; i < count; i += 8) {
    const std::size_t left = count - i;
    set += bit_count(_bzhi_u32(mask[i / 8], static_cast<unsigned>(left < 8 ? left : 8)));
  }
  return set;
}

/// Packing works on 128-bit halves: this puts 32-bit groups that came out as a0 b0 c0 d0 | a1 b1 c1 d1 in
/// order.
__m256i join_halves(__m256i value) {
  return _mm256_permutevar8x32_epi32(value, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

std::size_t compare_to_mask_u32(const std::uint32_t* new_values, const std::uint32_t* old_values,
                                std::size_t count, std::uint8_t* mask) {
  std::size_t changed = 0;
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i a = _mm256_cmpeq_epi32(load(new_values + i), load(old_values + i));
    const __m256i b = _mm256_cmpeq_epi32(load(new_values + i + 8), load(old_values + i + 8));
    const __m256i c = _mm256_cmpeq_epi32(load(new_values + i + 16), load(old_values + i + 16));
    const __m256i d = _mm256_cmpeq_epi32(load(new_values + i + 24), load(old_values + i + 24));
    const __m256i equal = join_halves(_mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d)));
    const unsigned differs = ~static_cast<unsigned>(_mm256_movemask_epi8(equal));
    __builtin_memcpy(mask + i / 8, &differs, 4);
    changed += bit_count(differs);
  }
  for (; i + 8 <= count; i += 8) {
    const __m256i equal = _mm256_cmpeq_epi32(load(new_values + i), load(old_values + i));
    const unsigned differs = ~static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(equal))) & 0xFFU;
    mask[i / 8] = static_cast<std::uint8_t>(differs);
    changed += bit_count(differs);
  }
  return changed + delta_scalar.compare_to_mask_u32(new_values + i, old_values + i, count - i, mask + i / 8);
}

std::size_t compare_to_mask_u8(const std::uint8_t* new_values, const std::uint8_t* old_values,
                               std::size_t count, std::uint8_t* mask) {
  std::size_t changed = 0;
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i equal = _mm256_cmpeq_epi8(load(new_values + i), load(old_values + i));
    const unsigned differs = ~static_cast<unsigned>(_mm256_movemask_epi8(equal));
    __builtin_memcpy(mask + i / 8, &differs, 4);
    changed += bit_count(differs);
  }
  for (; i + 8 <= count; i += 8) {
    const __m128i equal = _mm_cmpeq_epi8(load_8_bytes(new_values + i), load_8_bytes(old_values + i));
    const unsigned differs = ~static_cast<unsigned>(_mm_movemask_epi8(equal)) & 0xFFU;
    mask[i / 8] = static_cast<std::uint8_t>(differs);
    changed += bit_count(differs);
  }
  return changed + delta_scalar.compare_to_mask_u8(new_values + i, old_values + i, count - i, mask + i / 8);
}

/// What compress and expand need: kernels/delta_loops.h.
struct Counting {
  static std::size_t bit_count(std::uint8_t bits) { return kernels::bit_count(bits); }
  static std::size_t count_mask(const std::uint8_t* mask, std::size_t count) {
    return count_bits(mask, count);
  }
};

struct Words : Counting {
  using Value = std::uint32_t;
  static void pack(const Value* values, std::uint8_t bits, Value* packed) {
    const __m256i order = _mm256_cvtepu8_epi32(load_8_bytes(compress_table.index[bits]));
    store(packed, _mm256_permutevar8x32_epi32(load(values), order));
  }
  static void unpack(const Value* packed, std::uint8_t bits, Value* values) {
    const __m256i order = _mm256_cvtepi8_epi32(load_8_bytes(expand_table.index[bits]));
    const __m256i spread = _mm256_permutevar8x32_epi32(load(packed), order);
    const __m256 merged = _mm256_blendv_ps(_mm256_castsi256_ps(spread), _mm256_castsi256_ps(load(values)),
                                           _mm256_castsi256_ps(order));
    store(values, _mm256_castps_si256(merged));
  }
};

struct Bytes : Counting {
  using Value = std::uint8_t;
  static void pack(const Value* values, std::uint8_t bits, Value* packed) {
    const __m128i order = load_8_bytes(compress_table.index[bits]);
    store_8_bytes(packed, _mm_shuffle_epi8(load_8_bytes(values), order));
  }
  static void unpack(const Value* packed, std::uint8_t bits, Value* values) {
    const __m128i order = load_8_bytes(expand_table.index[bits]);
    const __m128i spread = _mm_shuffle_epi8(load_8_bytes(packed), order);
    store_8_bytes(values, _mm_blendv_epi8(spread, load_8_bytes(values), order));
  }
};

void deadband(const std::uint8_t* in, std::uint8_t* held, std::size_t count, std::uint8_t band) {
  const __m256i limit = _mm256_set1_epi8(static_cast<char>(band));
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i next = load(in + i);
    const __m256i last = load(held + i);
    const __m256i difference = _mm256_or_si256(_mm256_subs_epu8(next, last), _mm256_subs_epu8(last, next));
    const __m256i keep = _mm256_cmpeq_epi8(_mm256_subs_epu8(difference, limit), _mm256_setzero_si256());
    store(held + i, _mm256_blendv_epi8(next, last, keep));
  }
  delta_scalar.deadband(in + i, held + i, count - i, band);
}

struct ByteVector {
  using type = __m256i;
  static constexpr std::size_t lanes = 32;
  static type load(const std::uint8_t* from) { return kernels::load(from); }
  static void store(std::uint8_t* to, type v) { kernels::store(to, v); }
  static type add(type a, type b) { return _mm256_add_epi8(a, b); }
  static type subtract(type a, type b) { return _mm256_sub_epi8(a, b); }
};

/// In each half of 16 bytes: byte 0 of the four words, then byte 1 ...
__m256i group_bytes(__m256i words) {
  const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(order));
}

void split_planes(const std::uint32_t* words, std::size_t count, std::uint8_t* planes) {
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i a = group_bytes(load(words + i));
    const __m256i b = group_bytes(load(words + i + 8));
    const __m256i c = group_bytes(load(words + i + 16));
    const __m256i d = group_bytes(load(words + i + 24));
    const __m256i low_ab =
        _mm256_unpacklo_epi32(a, b);  // in each half: plane 0 of a, of b, plane 1 of a, of b
    const __m256i low_cd = _mm256_unpacklo_epi32(c, d);
    const __m256i high_ab = _mm256_unpackhi_epi32(a, b);  // planes 2 and 3
    const __m256i high_cd = _mm256_unpackhi_epi32(c, d);
    store(planes + i, join_halves(_mm256_unpacklo_epi64(low_ab, low_cd)));
    store(planes + count + i, join_halves(_mm256_unpackhi_epi64(low_ab, low_cd)));
    store(planes + 2 * count + i, join_halves(_mm256_unpacklo_epi64(high_ab, high_cd)));
    store(planes + 3 * count + i, join_halves(_mm256_unpackhi_epi64(high_ab, high_cd)));
  }
  for (; i < count; ++i) {
    for (std::size_t plane = 0; plane < 4; ++plane) {
      planes[plane * count + i] = static_cast<std::uint8_t>(words[i] >> (8 * plane));
    }
  }
}

void join_planes(const std::uint8_t* planes, std::size_t count, std::uint32_t* words) {
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i p0 = load(planes + i);
    const __m256i p1 = load(planes + count + i);
    const __m256i p2 = load(planes + 2 * count + i);
    const __m256i p3 = load(planes + 3 * count + i);
    const __m256i low_01 = _mm256_unpacklo_epi8(p0, p1);  // low halves of elements 0-7 and 16-23
    const __m256i low_23 = _mm256_unpacklo_epi8(p2, p3);
    const __m256i high_01 = _mm256_unpackhi_epi8(p0, p1);  // of elements 8-15 and 24-31
    const __m256i high_23 = _mm256_unpackhi_epi8(p2, p3);
    const __m256i a = _mm256_unpacklo_epi16(low_01, low_23);    // words 0-3, 16-19
    const __m256i b = _mm256_unpackhi_epi16(low_01, low_23);    // words 4-7, 20-23
    const __m256i c = _mm256_unpacklo_epi16(high_01, high_23);  // words 8-11, 24-27
    const __m256i d = _mm256_unpackhi_epi16(high_01, high_23);  // words 12-15, 28-31
    store(words + i, _mm256_permute2x128_si256(a, b, 0x20));
    store(words + i + 8, _mm256_permute2x128_si256(c, d, 0x20));
    store(words + i + 16, _mm256_permute2x128_si256(a, b, 0x31));
    store(words + i + 24, _mm256_permute2x128_si256(c, d, 0x31));
  }
  for (; i < count; ++i) {
    std::uint32_t word = 0;
    for (std::size_t plane = 0; plane < 4; ++plane) {
      word |= static_cast<std::uint32_t>(planes[plane * count + i]) << (8 * plane);
    }
    words[i] = word;
  }
}

}  // namespace

const DeltaKernels delta_avx2 = {Isa::avx2,
                                 compare_to_mask_u32,
                                 compare_to_mask_u8,
                                 compress<Words>,
                                 compress<Bytes>,
                                 expand<Words>,
                                 expand<Bytes>,
                                 deadband,
                                 subtract_bytes<ByteVector>,
                                 add_bytes<ByteVector>,
                                 subtract_rgb_bytes<ByteVector>,
                                 add_rgb_bytes<ByteVector>,
                                 split_planes,
                                 join_planes};

}  // namespace edge::kernels
