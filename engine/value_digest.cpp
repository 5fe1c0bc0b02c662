#include "engine/value_digest.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <string_view>

#include "engine/model_hash.h"

namespace edge {
namespace {

constexpr std::uint32_t prime_1 = 0x9e3779b1U;
constexpr std::uint32_t prime_2 = 0x85ebca77U;

std::uint32_t round(std::uint32_t sum, float value) {
  return std::rotl(sum + std::bit_cast<std::uint32_t>(value) * prime_2, 13) * prime_1;
}

}  // namespace

void ValueDigest::add(const float* values, std::size_t count) {
  assert(count_ % lanes == 0);
  count_ += count;
  std::array<std::uint32_t, lanes> sums = sums_;
  const std::size_t whole = count / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] = round(sums[lane], values[i + lane]);
  }
  for (std::size_t i = whole; i < count; ++i) sums[i - whole] = round(sums[i - whole], values[i]);
  sums_ = sums;
}

std::string ValueDigest::hexadecimal() const {
  std::string bytes(sizeof(sums_) + sizeof(count_), '\0');
  std::memcpy(bytes.data(), sums_.data(), sizeof(sums_));
  std::memcpy(bytes.data() + sizeof(sums_), &count_, sizeof(count_));
  return sha256(bytes);
}

}  // namespace edge
