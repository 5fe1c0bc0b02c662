// The block gate's row operations for NEON. Pure functions, thread-safe, no errors.
#include <arm_neon.h>

#include "kernels/block_gate_loops.h"

namespace edge::kernels {
namespace {

struct Words {
  using type = int16x8_t;
  static constexpr std::size_t lanes = 8;

  static type load(const std::int16_t* from) { return vld1q_s16(from); }
  static void store(std::int16_t* to, type value) { vst1q_s16(to, value); }
  static type difference(const std::uint8_t* a, const std::uint8_t* b) {
    return vreinterpretq_s16_u16(vsubl_u8(vld1_u8(a), vld1_u8(b)));
  }
  static type add(type a, type b) { return vaddq_s16(a, b); }
  static type subtract(type a, type b) { return vsubq_s16(a, b); }
  template <std::int16_t factor>
  static type add_times(type a, type b) {
    return vmlaq_n_s16(a, b, factor);
  }
  static type max(type a, type b) { return vmaxq_s16(a, b); }
  static type magnitude(type value) { return vabsq_s16(value); }

  struct Shift {
    explicit Shift(int number)
        : minus_bits(vdupq_n_s16(static_cast<std::int16_t>(-number))) {}  // to the left by so many
    int16x8_t minus_bits;
  };
  static type shift_right(type value, const Shift& shift) { return vshlq_s16(value, shift.minus_bits); }
};

}  // namespace

const BlockGateKernels block_gate_neon = {Isa::neon, difference_row<Words>, slide_window<Words>,
                                          raise_peaks<Words>};

}  // namespace edge::kernels
