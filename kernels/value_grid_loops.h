// Kernels for values on grids (kernels/value_grid.h), written once for all vector ISAs; kernels/scalar/ says
// what they do. An ISA file instantiates them with a type of its anonymous namespace, so that no
// instantiation is shared between files that are compiled with different flags.
//
// `Lanes` has: Words, eight 32-bit integers or the bits of eight floats; load, store (floats), load_bytes,
// store_bytes, load_halves, store_halves (unsigned integers in memory, the lower bits of the words); set;
// bit_and, bit_or, bit_xor; add, subtract; shift_left<n>, shift_right<n> (logical); greater (of signed words,
// all ones or zero), larger (the larger of two signed words), select(mask, yes, no); add_floats,
// subtract_floats, multiply_floats; any(mask); sum(words) of all eight; largest(words) of all eight.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/value_grid_kernels.h"

namespace edge::kernels {

template <typename Lanes>
struct ValueGridLoops {
  using Words = typename Lanes::Words;
  static constexpr std::size_t lanes = 8;
  static constexpr std::uint32_t sign_bit = 0x80000000;
  static constexpr std::uint32_t infinity = 0x7F800000;

  static Words magnitude_of(Words value) { return Lanes::bit_and(value, Lanes::set(~sign_bit)); }

  static MagnitudeCounts count_magnitudes(const float* values, std::size_t count, std::uint32_t low,
                                          std::uint32_t high) {
    const Words below_low = Lanes::set(low - 1);
    const Words below_high = Lanes::set(high - 1);
    const Words limit = Lanes::set(infinity);
    const Words zero = Lanes::set(0);
    Words lows = zero;
    Words highs = zero;
    Words negative = zero;
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      const Words value = Lanes::load(values + i);
      const Words magnitude = magnitude_of(value);
      const Words finite = Lanes::greater(limit, magnitude);
      lows = Lanes::subtract(lows, Lanes::bit_and(finite, Lanes::greater(magnitude, below_low)));
      highs = Lanes::subtract(highs, Lanes::bit_and(finite, Lanes::greater(magnitude, below_high)));
      // -0 is not negative: of it only the sign is left.
      negative = Lanes::bit_or(
          negative, Lanes::bit_and(Lanes::greater(zero, value), Lanes::greater(value, Lanes::set(sign_bit))));
    }
    MagnitudeCounts counts = value_grid_scalar.count_magnitudes(values + i, count - i, low, high);
    counts.low += Lanes::sum(lows);
    counts.high += Lanes::sum(highs);
    counts.negative = counts.negative || Lanes::any(negative);
    return counts;
  }

  static GridError round_to_grid(const float* values, const float* held, std::size_t count,
                                 const GridNumbers& grid, float* rounded) {
    const Words limit = Lanes::set(grid.limit);
    const Words step = Lanes::set(bits_of(grid.step));
    const Words inverse = Lanes::set(bits_of(grid.inverse));
    const Words magic = Lanes::set(bits_of(8388608.0F));  // 2^23
    const Words hold = Lanes::set(grid.hold);
    const Words finite_limit = Lanes::set(infinity);
    const Words zero = Lanes::set(0);
    Words errors = zero;
    Words magnitudes = zero;
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      const Words value = Lanes::load(values + i);
      const Words magnitude = magnitude_of(value);
      const Words steps =
          Lanes::subtract_floats(Lanes::add_floats(Lanes::multiply_floats(magnitude, inverse), magic), magic);
      Words result = Lanes::multiply_floats(steps, step);
      const Words sign = Lanes::bit_and(value, Lanes::set(sign_bit));
      result = Lanes::bit_or(result, Lanes::bit_and(sign, Lanes::greater(result, zero)));
      const Words roundable = Lanes::greater(limit, magnitude);
      result = Lanes::select(roundable, result, value);
      if (held != nullptr) {
        const Words old = Lanes::load(held + i);
        const Words away = magnitude_of(Lanes::subtract_floats(value, old));
        result = Lanes::select(Lanes::greater(away, hold), result, old);
      }
      Lanes::store(rounded + i, result);
      const Words off = magnitude_of(Lanes::subtract_floats(value, result));
      errors = Lanes::larger(errors, Lanes::bit_and(roundable, off));
      magnitudes =
          Lanes::larger(magnitudes, Lanes::bit_and(Lanes::greater(finite_limit, magnitude), magnitude));
    }
    const GridError rest = value_grid_scalar.round_to_grid(values + i, held == nullptr ? nullptr : held + i,
                                                           count - i, grid, rounded + i);
    const float error = float_of(Lanes::largest(errors));
    const float value = float_of(Lanes::largest(magnitudes));
    return {rest.largest_error > error ? rest.largest_error : error,
            rest.largest_value > value ? rest.largest_value : value};
  }

  static void byte_codes(const float* values, std::size_t count, float step, float inverse, bool is_signed,
                         std::uint8_t* codes) {
    const Conversion convert(step, is_signed ? 0x80 : 0, is_signed ? 0x80 : 0xFF);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      Lanes::store_bytes(codes + i, convert.code(Lanes::load(values + i), inverse, 0xFF));
    }
    value_grid_scalar.byte_codes(values + i, count - i, step, inverse, is_signed, codes + i);
  }

  static void byte_values(const std::uint8_t* codes, const float* old, std::size_t count, float step,
                          bool is_signed, float* values) {
    const Conversion convert(step, is_signed ? 0x80 : 0, is_signed ? 0x80 : 0xFF);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      const Words instead = old == nullptr ? Lanes::set(0) : Lanes::load(old + i);
      Lanes::store(values + i, convert.value_or(Lanes::load_bytes(codes + i), instead));
    }
    value_grid_scalar.byte_values(codes + i, old == nullptr ? nullptr : old + i, count - i, step, is_signed,
                                  values + i);
  }

  static void short_codes(const float* values, std::size_t count, float step, float inverse,
                          std::uint16_t* codes) {
    const Conversion convert(step, 0x8000, short_escape);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      Lanes::store_halves(codes + i, convert.code(Lanes::load(values + i), inverse, 0xFFFF));
    }
    value_grid_scalar.short_codes(values + i, count - i, step, inverse, codes + i);
  }

  static void short_values(const std::uint16_t* codes, const float* old, std::size_t count, float step,
                           float* values) {
    const Conversion convert(step, 0x8000, short_escape);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      const Words instead = old == nullptr ? Lanes::set(0) : Lanes::load(old + i);
      Lanes::store(values + i, convert.value_or(Lanes::load_halves(codes + i), instead));
    }
    value_grid_scalar.short_values(codes + i, old == nullptr ? nullptr : old + i, count - i, step,
                                   values + i);
  }

  static void split_differences(const std::uint16_t* codes, const std::uint16_t* old_codes, std::size_t count,
                                std::uint8_t* low, std::uint8_t* high) {
    const Words low_half = Lanes::set(0xFFFF);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      const Words difference = Lanes::bit_and(
          Lanes::subtract(Lanes::load_halves(codes + i), Lanes::load_halves(old_codes + i)), low_half);
      const Words negative = Lanes::greater(difference, Lanes::set(0x7FFF));
      const Words folded = Lanes::bit_xor(Lanes::template shift_left<1>(difference), negative);
      Lanes::store_bytes(low + i, Lanes::bit_and(folded, Lanes::set(0xFF)));
      Lanes::store_bytes(high + i, Lanes::bit_and(Lanes::template shift_right<8>(folded), Lanes::set(0xFF)));
    }
    value_grid_scalar.split_differences(codes + i, old_codes + i, count - i, low + i, high + i);
  }

  static void join_differences(const std::uint8_t* low, const std::uint8_t* high,
                               const std::uint16_t* old_codes, std::size_t count, std::uint16_t* codes) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      const Words folded = Lanes::bit_or(Lanes::load_bytes(low + i),
                                         Lanes::template shift_left<8>(Lanes::load_bytes(high + i)));
      const Words negative = Lanes::subtract(Lanes::set(0), Lanes::bit_and(folded, Lanes::set(1)));
      const Words difference = Lanes::bit_xor(Lanes::template shift_right<1>(folded), negative);
      Lanes::store_halves(codes + i, Lanes::bit_and(Lanes::add(Lanes::load_halves(old_codes + i), difference),
                                                    Lanes::set(0xFFFF)));
    }
    value_grid_scalar.join_differences(low + i, high + i, old_codes + i, count - i, codes + i);
  }

 private:
  static std::uint32_t bits_of(float value) { return __builtin_bit_cast(std::uint32_t, value); }
  static float float_of(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

  static Words is_zero(Words words) {
    const Words zero = Lanes::set(0);
    // Neither above nor below.
    const Words other = Lanes::bit_or(Lanes::greater(words, zero), Lanes::greater(zero, words));
    return Lanes::bit_xor(other, Lanes::set(0xFFFFFFFF));
  }

  /// Between values and the integers k of k x step. Integers lie in the lower bits of words; `sign` is the
  /// highest of those bits, or 0 if they have none.
  struct Conversion {
    // The bits of 1.5 x 2^23: added to an integer they make a float of it, and the other way round.
    static constexpr std::uint32_t integer_magic = 0x4B400000;

    Conversion(float step_, std::uint32_t sign_, std::uint32_t escape_)
        : step(Lanes::set(bits_of(step_))),
          magic(Lanes::set(integer_magic)),
          sign(Lanes::set(sign_)),
          escape(Lanes::set(escape_)) {}

    Words value(Words code) const {
      const Words integer = Lanes::subtract(Lanes::bit_xor(code, sign), sign);
      return Lanes::multiply_floats(Lanes::subtract_floats(Lanes::add(integer, magic), magic), step);
    }
    Words value_or(Words code, Words instead) const {
      return Lanes::select(is_zero(Lanes::bit_xor(code, escape)), instead, value(code));
    }
    Words code(Words of, float inverse, std::uint32_t bits) const {
      const Words sum = Lanes::add_floats(Lanes::multiply_floats(of, Lanes::set(bits_of(inverse))), magic);
      const Words integer = Lanes::bit_and(sum, Lanes::set(bits));
      return Lanes::select(is_zero(Lanes::bit_xor(value(integer), of)), integer, escape);
    }

    Words step, magic, sign, escape;
  };
};

}  // namespace edge::kernels
