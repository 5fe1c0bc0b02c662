// Kernels for values on grids for NEON, one source for armv7 and aarch64. Pure functions, thread-safe, no
// errors.
#include <arm_neon.h>

#include "kernels/value_grid_loops.h"

namespace edge::kernels {
namespace {

struct Lanes {
  struct Words {
    uint32x4_t low, high;
  };

  static Words load(const float* from) {
    return {vreinterpretq_u32_f32(vld1q_f32(from)), vreinterpretq_u32_f32(vld1q_f32(from + 4))};
  }
  static void store(float* to, Words words) {
    vst1q_f32(to, vreinterpretq_f32_u32(words.low));
    vst1q_f32(to + 4, vreinterpretq_f32_u32(words.high));
  }
  static Words load_bytes(const std::uint8_t* from) { return widen(vmovl_u8(vld1_u8(from))); }
  static void store_bytes(std::uint8_t* to, Words words) { vst1_u8(to, vmovn_u16(lower_halves(words))); }
  static Words load_halves(const std::uint16_t* from) { return widen(vld1q_u16(from)); }
  static void store_halves(std::uint16_t* to, Words words) { vst1q_u16(to, lower_halves(words)); }
  static Words set(std::uint32_t word) { return {vdupq_n_u32(word), vdupq_n_u32(word)}; }
  static Words bit_and(Words a, Words b) { return {vandq_u32(a.low, b.low), vandq_u32(a.high, b.high)}; }
  static Words bit_or(Words a, Words b) { return {vorrq_u32(a.low, b.low), vorrq_u32(a.high, b.high)}; }
  static Words bit_xor(Words a, Words b) { return {veorq_u32(a.low, b.low), veorq_u32(a.high, b.high)}; }
  static Words add(Words a, Words b) { return {vaddq_u32(a.low, b.low), vaddq_u32(a.high, b.high)}; }
  static Words subtract(Words a, Words b) { return {vsubq_u32(a.low, b.low), vsubq_u32(a.high, b.high)}; }
  template <int bits>
  static Words shift_left(Words a) {
    return {vshlq_n_u32(a.low, bits), vshlq_n_u32(a.high, bits)};
  }
  template <int bits>
  static Words shift_right(Words a) {
    return {vshrq_n_u32(a.low, bits), vshrq_n_u32(a.high, bits)};
  }
  static Words greater(Words a, Words b) {
    return {vcgtq_s32(integers(a.low), integers(b.low)), vcgtq_s32(integers(a.high), integers(b.high))};
  }
  static Words larger(Words a, Words b) {
    return {vreinterpretq_u32_s32(vmaxq_s32(integers(a.low), integers(b.low))),
            vreinterpretq_u32_s32(vmaxq_s32(integers(a.high), integers(b.high)))};
  }
  static Words select(Words mask, Words yes, Words no) {
    return {vbslq_u32(mask.low, yes.low, no.low), vbslq_u32(mask.high, yes.high, no.high)};
  }
  static Words add_floats(Words a, Words b) {
    return {bits(vaddq_f32(floats(a.low), floats(b.low))), bits(vaddq_f32(floats(a.high), floats(b.high)))};
  }
  static Words subtract_floats(Words a, Words b) {
    return {bits(vsubq_f32(floats(a.low), floats(b.low))), bits(vsubq_f32(floats(a.high), floats(b.high)))};
  }
  static Words multiply_floats(Words a, Words b) {
    return {bits(vmulq_f32(floats(a.low), floats(b.low))), bits(vmulq_f32(floats(a.high), floats(b.high)))};
  }
  static bool any(Words mask) { return largest(shift_right<1>(mask)) != 0; }
  static std::uint32_t sum(Words words) {
    std::uint32_t lane[4];
    vst1q_u32(lane, vaddq_u32(words.low, words.high));
    return lane[0] + lane[1] + lane[2] + lane[3];
  }
  /// Of words that are not negative.
  static std::uint32_t largest(Words words) {
    std::uint32_t lane[4];
    vst1q_u32(lane, vmaxq_u32(words.low, words.high));
    std::uint32_t most = 0;
    for (const std::uint32_t one : lane) most = one > most ? one : most;
    return most;
  }

 private:
  static int32x4_t integers(uint32x4_t words) { return vreinterpretq_s32_u32(words); }
  static float32x4_t floats(uint32x4_t words) { return vreinterpretq_f32_u32(words); }
  static uint32x4_t bits(float32x4_t floats) { return vreinterpretq_u32_f32(floats); }
  static Words widen(uint16x8_t halves) {
    return {vmovl_u16(vget_low_u16(halves)), vmovl_u16(vget_high_u16(halves))};
  }
  static uint16x8_t lower_halves(Words words) {
    return vcombine_u16(vmovn_u32(words.low), vmovn_u32(words.high));
  }
};

using Loops = ValueGridLoops<Lanes>;

}  // namespace

const ValueGridKernels value_grid_neon = {
    Isa::neon,           Loops::count_magnitudes,  Loops::round_to_grid,
    Loops::byte_codes,   Loops::byte_values,       Loops::short_codes,
    Loops::short_values, Loops::split_differences, Loops::join_differences};

}  // namespace edge::kernels
