// Random draws that a seed repeats on every platform.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edge::faults {

/// SplitMix64 (Steele, Lea, Flood 2014). Draws are statements of their own: the order in which a compiler
/// evaluates arguments is not that of another.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
  }
  /// 0 to 1, without 1.
  double share() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  /// `least` to `most`, both included.
  int whole(int least, int most) {
    const auto range = static_cast<std::uint64_t>(most - least) + 1;
    return least + static_cast<int>(next() % range);
  }
  double between(double least, double most) { return least + (most - least) * share(); }
  bool chance(double probability) { return share() < probability; }
  template <typename Value>
  const Value& pick(const std::vector<Value>& values) {
    return values[static_cast<std::size_t>(next() % values.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace edge::faults
