// Delta kernels for NEON, one source for armv7 and aarch64. Pure functions, thread-safe, no errors.
#include <arm_neon.h>

#include "kernels/byte_loops.h"
#include "kernels/delta_kernels.h"
#include "kernels/delta_loops.h"
#include "kernels/delta_tables.h"

namespace edge::kernels {
namespace {

std::size_t byte_bit_count(std::uint8_t bits) {
  return bit_count_table.count[bits];
}

/// Counts the set bits of many vectors of mask bytes.
class BitCounter {
 public:
  void add(uint8x8_t bits) { sums_ = vpadal_u16(sums_, vpaddl_u8(vcnt_u8(bits))); }
  std::size_t total() const { return vget_lane_u32(sums_, 0) + vget_lane_u32(sums_, 1); }

 private:
  uint32x2_t sums_ = vdup_n_u32(0);
};

std::size_t count_bits(const std::uint8_t* mask, std::size_t count) {
  BitCounter counter;
  std::size_t byte = 0;
  for (; byte + 8 <= count / 8; byte += 8) counter.add(vld1_u8(mask + byte));
  std::size_t set = counter.total();
  for (; byte < count / 8; ++byte) set += byte_bit_count(mask[byte]);
  if (count % 8 != 0) set += byte_bit_count(static_cast<std::uint8_t>(mask[byte] & ((1U << count % 8) - 1U)));
  return set;
}

/// For each of eight elements its bit of a mask byte, or zero if `equal` is all ones.
uint8x8_t weighted(uint8x8_t equal) {
  const uint8x8_t weights = vcreate_u8(0x8040201008040201U);
  return vbic_u8(weights, equal);
}

/// Mask byte i is the sum of bits[i].
uint8x8_t sum_to_bytes(const uint8x8_t (&bits)[8]) {
  const uint8x8_t low = vpadd_u8(vpadd_u8(bits[0], bits[1]), vpadd_u8(bits[2], bits[3]));
  const uint8x8_t high = vpadd_u8(vpadd_u8(bits[4], bits[5]), vpadd_u8(bits[6], bits[7]));
  return vpadd_u8(low, high);
}

std::uint8_t sum_to_byte(uint8x8_t bits) {
  bits = vpadd_u8(bits, bits);
  bits = vpadd_u8(bits, bits);
  bits = vpadd_u8(bits, bits);
  return vget_lane_u8(bits, 0);
}

uint8x8_t differing(const std::uint32_t* new_values, const std::uint32_t* old_values) {
  const uint32x4_t low = vceqq_u32(vld1q_u32(new_values), vld1q_u32(old_values));
  const uint32x4_t high = vceqq_u32(vld1q_u32(new_values + 4), vld1q_u32(old_values + 4));
  return weighted(vmovn_u16(vcombine_u16(vmovn_u32(low), vmovn_u32(high))));
}

uint8x8_t differing(const std::uint8_t* new_values, const std::uint8_t* old_values) {
  return weighted(vceq_u8(vld1_u8(new_values), vld1_u8(old_values)));
}

template <typename Value>
std::size_t compare_to_mask(const Value* new_values, const Value* old_values, std::size_t count,
                            std::uint8_t* mask) {
  BitCounter counter;
  std::size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    uint8x8_t bits[8];
    for (std::size_t k = 0; k < 8; ++k) bits[k] = differing(new_values + i + 8 * k, old_values + i + 8 * k);
    const uint8x8_t bytes = sum_to_bytes(bits);
    vst1_u8(mask + i / 8, bytes);
    counter.add(bytes);
  }
  std::size_t changed = counter.total();
  for (; i + 8 <= count; i += 8) {
    mask[i / 8] = sum_to_byte(differing(new_values + i, old_values + i));
    changed += byte_bit_count(mask[i / 8]);
  }
  if (i < count) {
    unsigned bits = 0;
    for (std::size_t k = i; k < count; ++k) bits |= (new_values[k] != old_values[k] ? 1U : 0U) << (k - i);
    mask[i / 8] = static_cast<std::uint8_t>(bits);
    changed += byte_bit_count(mask[i / 8]);
  }
  return changed;
}

/// What compress and expand need: kernels/delta_loops.h.
struct Counting {
  static std::size_t bit_count(std::uint8_t bits) { return byte_bit_count(bits); }
  static std::size_t count_mask(const std::uint8_t* mask, std::size_t count) {
    return count_bits(mask, count);
  }
};

/// Eight words are two vectors.
struct Words : Counting {
  using Value = std::uint32_t;
  static void pack(const Value* values, std::uint8_t bits, Value* packed) {
    pack_four(values, bits & 15U, packed);
    pack_four(values + 4, bits >> 4, packed + byte_bit_count(bits & 15U));
  }
  static void unpack(const Value* packed, std::uint8_t bits, Value* values) {
    unpack_four(packed, bits & 15U, values);
    unpack_four(packed + byte_bit_count(bits & 15U), bits >> 4, values + 4);
  }

 private:
  static void pack_four(const Value* values, unsigned bits, Value* packed) {
    const uint8x16_t bytes = vreinterpretq_u8_u32(vld1q_u32(values));
    const uint8x16_t order = vld1q_u8(compress_words_table.index[bits]);
#if defined(__aarch64__)
    const uint8x16_t taken = vqtbl1q_u8(bytes, order);
#else
    const uint8x8x2_t halves = {{vget_low_u8(bytes), vget_high_u8(bytes)}};
    const uint8x16_t taken =
        vcombine_u8(vtbl2_u8(halves, vget_low_u8(order)), vtbl2_u8(halves, vget_high_u8(order)));
#endif
    vst1q_u32(packed, vreinterpretq_u32_u8(taken));
  }
  static void unpack_four(const Value* packed, unsigned bits, Value* values) {
    const uint8x16_t bytes = vreinterpretq_u8_u32(vld1q_u32(packed));
    const uint8x16_t old = vreinterpretq_u8_u32(vld1q_u32(values));
    const uint8x16_t order = vld1q_u8(expand_words_table.index[bits]);
#if defined(__aarch64__)
    const uint8x16_t merged = vqtbx1q_u8(old, bytes, order);
#else
    const uint8x8x2_t halves = {{vget_low_u8(bytes), vget_high_u8(bytes)}};
    const uint8x16_t merged = vcombine_u8(vtbx2_u8(vget_low_u8(old), halves, vget_low_u8(order)),
                                          vtbx2_u8(vget_high_u8(old), halves, vget_high_u8(order)));
#endif
    vst1q_u32(values, vreinterpretq_u32_u8(merged));
  }
};

struct Bytes : Counting {
  using Value = std::uint8_t;
  static void pack(const Value* values, std::uint8_t bits, Value* packed) {
    vst1_u8(packed, vtbl1_u8(vld1_u8(values), vld1_u8(compress_table.index[bits])));
  }
  static void unpack(const Value* packed, std::uint8_t bits, Value* values) {
    vst1_u8(values, vtbx1_u8(vld1_u8(values), vld1_u8(packed), vld1_u8(expand_table.index[bits])));
  }
};

void deadband(const std::uint8_t* in, std::uint8_t* held, std::size_t count, std::uint8_t band) {
  const uint8x16_t limit = vdupq_n_u8(band);
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const uint8x16_t next = vld1q_u8(in + i);
    const uint8x16_t last = vld1q_u8(held + i);
    vst1q_u8(held + i, vbslq_u8(vcgtq_u8(vabdq_u8(next, last), limit), next, last));
  }
  delta_scalar.deadband(in + i, held + i, count - i, band);
}

struct ByteVector {
  using type = uint8x16_t;
  static constexpr std::size_t lanes = 16;
  static type load(const std::uint8_t* from) { return vld1q_u8(from); }
  static void store(std::uint8_t* to, type v) { vst1q_u8(to, v); }
  static type add(type a, type b) { return vaddq_u8(a, b); }
  static type subtract(type a, type b) { return vsubq_u8(a, b); }
};

void split_planes(const std::uint32_t* words, std::size_t count, std::uint8_t* planes) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const uint8x16x4_t bytes = vld4q_u8(reinterpret_cast<const std::uint8_t*>(words + i));
    for (std::size_t plane = 0; plane < 4; ++plane) vst1q_u8(planes + plane * count + i, bytes.val[plane]);
  }
  for (; i < count; ++i) {
    for (std::size_t plane = 0; plane < 4; ++plane) {
      planes[plane * count + i] = static_cast<std::uint8_t>(words[i] >> (8 * plane));
    }
  }
}

void join_planes(const std::uint8_t* planes, std::size_t count, std::uint32_t* words) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    uint8x16x4_t bytes;
    for (std::size_t plane = 0; plane < 4; ++plane) bytes.val[plane] = vld1q_u8(planes + plane * count + i);
    vst4q_u8(reinterpret_cast<std::uint8_t*>(words + i), bytes);
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

const DeltaKernels delta_neon = {Isa::neon,
                                 compare_to_mask<std::uint32_t>,
                                 compare_to_mask<std::uint8_t>,
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
