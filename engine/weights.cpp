#include "engine/weights.h"

#include <cassert>
#include <cmath>

namespace edge {
namespace {

/// The finaliser of splitmix64 (Steele, Lea and Flood 2014): every input bit affects every output bit.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15U;

/// FNV-1a of the name, mixed with the seed.
std::uint64_t key_of(std::uint64_t seed, const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char character : name) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x00000100000001b3U;
  }
  return mix(mix(seed + golden_gamma) ^ hash);
}

struct Range {
  float centre;
  float radius;
};

Range range_of(const ParameterSpec& parameter) {
  const double fan_in = static_cast<double>(parameter.fan_in);
  switch (parameter.kind) {
    case ParameterKind::weight:
      return {0.0F, static_cast<float>(std::sqrt(6.0 / fan_in))};
    case ParameterKind::bias:
      return {0.0F, static_cast<float>(0.1 / std::sqrt(fan_in))};
    case ParameterKind::norm_scale:
    case ParameterKind::running_variance:
      return {1.0F, 0.5F};
    case ParameterKind::norm_shift:
    case ParameterKind::running_mean:
      return {0.0F, 0.2F};
  }
  assert(false);
  return {0.0F, 0.0F};
}

/// 24 bits to an odd multiple of 2^-24 in (-1, 1), without rounding.
float symmetric_unit(std::uint32_t bits) {
  const auto value = static_cast<std::int32_t>(2 * bits + 1) - (1 << 24);
  return static_cast<float>(value) * 0x1p-24F;
}

}  // namespace

Array SeededWeights::load(const ParameterSpec& parameter) const {
  Tensor tensor(parameter.shape);
  const Range range = range_of(parameter);
  const std::uint64_t key = key_of(seed_, parameter.name);
  float* const values = tensor.data();
  const std::size_t count = tensor.elements();
  // Value i comes from half a hash of the counter i / 2: the product and the sum below are rounded once each.
  std::uint64_t counter = key;
  for (std::size_t i = 0; i < count; i += 2) {
    counter += golden_gamma;
    const std::uint64_t bits = mix(counter);
    values[i] = range.centre + range.radius * symmetric_unit(static_cast<std::uint32_t>(bits >> 40));
    if (i + 1 < count) {
      values[i + 1] =
          range.centre + range.radius * symmetric_unit(static_cast<std::uint32_t>(bits >> 8) & 0xffffffU);
    }
  }
  return tensor;
}

std::string SeededWeights::identity() const {
  return "seed " + std::to_string(seed_);
}

}  // namespace edge
