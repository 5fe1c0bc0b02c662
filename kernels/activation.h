// Activations: functions of one value that follow a layer, on their own or as the end of its kernel. `in` and
// `out` may be the same buffer. Pure functions, thread-safe, no errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/cpu.h"

namespace edge::kernels {

struct Activation {
  enum class Kind : std::uint8_t {
    none,
    clamp,         ///< min(max(x, a), b); NaN stays NaN; for a = 0, -0 becomes +0
    leaky_relu,    ///< x < 0: a x, else x
    elu,           ///< x < 0: a (exp(x) - 1), else x
    sigmoid,       ///< 1 / (1 + exp(-x))
    hard_sigmoid,  ///< min(max(a x + b, 0), 1)
    hard_swish,    ///< x min(max(x / 6 + 1 / 2, 0), 1)
    silu,          ///< x sigmoid(x)
    mish,          ///< x tanh(log(1 + exp(x)))
    tanh
  };
  Kind kind = Kind::none;
  float a = 0;
  float b = 0;
  float scale = 1;  ///< what it gives times `scale` plus `shift`, rounded once, unless they are 1 and 0
  float shift = 0;

  static constexpr Activation clamp(float low, float high) {
    return {Kind::clamp, low + 0.0F, high + 0.0F};  // no -0
  }
  static constexpr Activation relu() { return clamp(0, std::numeric_limits<float>::infinity()); }
  static constexpr Activation relu6() { return clamp(0, 6); }
  static constexpr Activation leaky_relu(float slope) { return {Kind::leaky_relu, slope, 0}; }
  static constexpr Activation elu(float alpha = 1) { return {Kind::elu, alpha, 0}; }
  static constexpr Activation sigmoid() { return {Kind::sigmoid, 0, 0}; }
  static constexpr Activation hard_sigmoid(float slope, float shift) {
    return {Kind::hard_sigmoid, slope, shift};
  }
  static constexpr Activation hard_swish() { return {Kind::hard_swish, 1.0F / 6.0F, 0.5F}; }
  static constexpr Activation silu() { return {Kind::silu, 0, 0}; }
  static constexpr Activation mish() { return {Kind::mish, 0, 0}; }
  static constexpr Activation tanh() { return {Kind::tanh, 0, 0}; }

  constexpr bool is_scaled() const { return scale != 1 || shift != 0; }
  constexpr Activation scaled(float by, float plus) const { return {kind, a, b, by, plus}; }

  friend bool operator==(const Activation&, const Activation&) = default;
};

/// max(x, 0), then min(x, b) with b > 0: what kernels of products do in registers (Epilogue). For b infinite
/// it is ReLU.
constexpr bool rectifies(const Activation& activation) {
  return activation.kind == Activation::Kind::clamp && activation.a == 0 && activation.b > 0 &&
         !activation.is_scaled();
}

/// out = activation(in), with the same bits on every ISA (armv7's NEON takes denormals for zero). Relative
/// error of what needs an exponential: at most 3e-7 (below -50, sigmoid, SiLU and Mish give 0), with the one
/// of kernels/softmax.h, of elu near 0: 6e-8 absolute.
void activate(Isa isa, const Activation& activation, const float* in, float* out, std::size_t count);

}  // namespace edge::kernels
