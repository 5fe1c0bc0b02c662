// Drawing for synthetic scenes: a planar RGB picture, colours and reproducible texture. All arithmetic is in
// integers, hence the same pixels on every platform. Values and pure functions, no errors.
#pragma once

#include <algorithm>
#include <cstdint>

namespace edge {

struct Colour {
  int red = 0, green = 0, blue = 0;

  friend Colour operator+(Colour colour, int brightness) {
    return {colour.red + brightness, colour.green + brightness, colour.blue + brightness};
  }
  friend Colour operator*(Colour colour, int percent) {
    return {colour.red * percent / 100, colour.green * percent / 100, colour.blue * percent / 100};
  }
};

/// `share` of 1000 of `b`, the rest of `a`.
inline Colour blend(Colour a, Colour b, int share) {
  const auto mix = [share](int x, int y) { return x + (y - x) * share / 1000; };
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

/// A view of 3 x rows x columns bytes.
struct Canvas {
  std::uint8_t* planes;
  std::int64_t rows, columns;

  bool contains(std::int64_t row, std::int64_t column) const {
    return row >= 0 && column >= 0 && row < rows && column < columns;
  }
  /// Nothing outside the picture.
  void set(std::int64_t row, std::int64_t column, Colour colour) const {
    if (!contains(row, column)) return;
    const auto byte = [](int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); };
    std::uint8_t* pixel = planes + row * columns + column;
    pixel[0] = byte(colour.red);
    pixel[rows * columns] = byte(colour.green);
    pixel[2 * rows * columns] = byte(colour.blue);
  }
  Colour get(std::int64_t row, std::int64_t column) const {
    const std::uint8_t* pixel = planes + row * columns + column;
    return {pixel[0], pixel[rows * columns], pixel[2 * rows * columns]};
  }
};

/// A well-mixed 64-bit value of its arguments. Source: SplitMix64's finaliser (Steele, Lea and Flood 2014).
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  std::uint64_t value = a + 0x9e3779b97f4a7c15U * (b + 1) + 0xd1b54a32d192ed03U * (c + 1);
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

/// 0 .. bound - 1
inline int pick(std::uint64_t random, int bound) {
  return static_cast<int>((random >> 33) % static_cast<unsigned>(bound));
}

/// Smooth random brightness in -amplitude .. amplitude; `grain` is the size of a speck in pixels.
inline int texture(std::uint64_t seed, std::int64_t row, std::int64_t column, int grain, int amplitude) {
  // Row and column are never far below zero; the offset keeps the division from rounding towards zero.
  constexpr std::int64_t offset = 1 << 20;
  const std::int64_t y = (row + offset) / grain, x = (column + offset) / grain;
  const auto fy = static_cast<int>((row + offset) % grain), fx = static_cast<int>((column + offset) % grain);
  const auto corner = [&](std::int64_t dy, std::int64_t dx) {
    return pick(mix(seed, static_cast<std::uint64_t>(y + dy), static_cast<std::uint64_t>(x + dx)),
                2 * amplitude + 1) -
           amplitude;
  };
  const int top = corner(0, 0) * (grain - fx) + corner(0, 1) * fx;
  const int bottom = corner(1, 0) * (grain - fx) + corner(1, 1) * fx;
  return (top * (grain - fy) + bottom * fy) / (grain * grain);
}

}  // namespace edge
