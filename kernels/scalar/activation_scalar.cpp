// Activations, the readable truth that the other ISAs are tested against. Pure functions, thread-safe.
#include <cmath>

#include "kernels/activation_kernels.h"
#include "kernels/scalar/exponential_scalar.h"

namespace edge::kernels {
namespace {

using scalar::e;
using scalar::e_within;

float clamped(float x, float low, float high) {
  const float above = x < low ? low : x;  // NaN stays
  return high < above ? high : above;
}

/// numerator / (1 + exp(-x)); 0 where that is negligible.
float times_sigmoid(float numerator, float x) {
  const float power = e_within(clamped(0.0F - x, negligible, -negligible));
  return (x < negligible ? 0.0F : numerator) / (1.0F + power);
}

/// tanh(log(1 + exp(x))) = ((1 + exp(x))^2 - 1) / ((1 + exp(x))^2 + 1)
float tanh_of_softplus(float x) {
  const float u = e(-std::abs(x), negligible);
  if (x < 0) {
    const float n = u * (u + 2.0F);
    return n / (n + 2.0F);
  }
  const float p = std::fma(2.0F, u, 1.0F);
  return p / std::fma(2.0F * u, u, p);
}

float hyperbolic_tangent_of(float x) {
  using namespace hyperbolic_tangent;
  if (std::abs(x) < limit) {
    const float z = x * x;
    float p = std::fma(p4, z, p3);
    p = std::fma(p, z, p2);
    p = std::fma(p, z, p1);
    p = std::fma(p, z, p0);
    return std::fma(x * z, p, x);
  }
  const float u = e(-2.0F * std::abs(x));
  const float large = (1.0F - u) / (1.0F + u);
  return x < 0 ? 0.0F - large : large;
}

float activated(const Activation& activation, float x) {
  using Kind = Activation::Kind;
  const float a = activation.a;
  const float b = activation.b;
  switch (activation.kind) {
    case Kind::none:
      return x;
    case Kind::clamp:
      return clamped(x, a, b);
    case Kind::leaky_relu:
      return x < 0 ? x * a : x;
    case Kind::elu:
      return x < 0 ? a * (e(-std::abs(x)) - 1.0F) : x;
    case Kind::sigmoid:
      return times_sigmoid(1.0F, x);
    case Kind::hard_sigmoid:
      return clamped(std::fma(a, x, b), 0, 1);
    case Kind::hard_swish:
      return x * clamped(std::fma(a, x, b), 0, 1);
    case Kind::silu:
      return times_sigmoid(x, x);
    case Kind::mish:
      return x * tanh_of_softplus(x);
    case Kind::tanh:
      return hyperbolic_tangent_of(x);
  }
  return x;
}

void run(const Activation& activation, const float* in, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = activated(activation, in[i]);
}

}  // namespace

const ActivationKernels activation_scalar = {Isa::scalar, run};

}  // namespace edge::kernels
