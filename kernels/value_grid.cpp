// Dispatch of the kernels for values on grids to their variants. Pure functions, thread-safe.
#include "kernels/value_grid.h"

#include <bit>
#include <cassert>
#include <cmath>

#include "kernels/value_grid_variants.h"

namespace edge::kernels {
namespace {

const ValueGridKernels& kernels_for(Isa isa) {
  return variant_for(isa, value_grid_variants());
}

}  // namespace

Variants<ValueGridKernels> value_grid_variants() {
  static constexpr const ValueGridKernels* variants[] = {
    &value_grid_scalar,
#if defined(EDGE_HAVE_NEON)
    &value_grid_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &value_grid_avx2,
#endif
  };
  return variants;
}

float size_of_step(int step) {
  assert(step >= lowest_step && step <= highest_step);
  const int octave = (step - (step & 1)) / 2;
  return std::ldexp((step & 1) == 0 ? 1.0F : 1.5F, octave);
}

GridNumbers grid_numbers(const GridRounding& rounding) {
  const float step = size_of_step(rounding.step);
  constexpr float most_steps = 0x1p22F;  // so many times 1.5 is exact
  return {.step = step,
          .inverse = 1 / step,
          .limit = std::bit_cast<std::uint32_t>(step * most_steps),
          .hold = std::bit_cast<std::uint32_t>(static_cast<float>(rounding.hold) / 32 * step)};
}

MagnitudeCounts count_magnitudes(Isa isa, const float* values, std::size_t count, std::uint32_t low,
                                 std::uint32_t high) {
  return kernels_for(isa).count_magnitudes(values, count, low, high);
}

GridError round_to_grid(Isa isa, const float* values, const float* held, std::size_t count,
                        const GridRounding& rounding, float* rounded) {
  return kernels_for(isa).round_to_grid(values, held, count, grid_numbers(rounding), rounded);
}

void byte_codes(Isa isa, const float* values, std::size_t count, const ByteGrid& grid, std::uint8_t* codes) {
  const float step = size_of_step(grid.step);
  kernels_for(isa).byte_codes(values, count, step, 1 / step, grid.is_signed, codes);
}

void byte_values(Isa isa, const std::uint8_t* codes, const float* old, std::size_t count,
                 const ByteGrid& grid, float* values) {
  kernels_for(isa).byte_values(codes, old, count, size_of_step(grid.step), grid.is_signed, values);
}

void short_codes(Isa isa, const float* values, std::size_t count, int step, std::uint16_t* codes) {
  const float size = size_of_step(step);
  kernels_for(isa).short_codes(values, count, size, 1 / size, codes);
}

void short_values(Isa isa, const std::uint16_t* codes, const float* old, std::size_t count, int step,
                  float* values) {
  kernels_for(isa).short_values(codes, old, count, size_of_step(step), values);
}

void split_differences(Isa isa, const std::uint16_t* codes, const std::uint16_t* old_codes, std::size_t count,
                       std::uint8_t* low, std::uint8_t* high) {
  kernels_for(isa).split_differences(codes, old_codes, count, low, high);
}

void join_differences(Isa isa, const std::uint8_t* low, const std::uint8_t* high,
                      const std::uint16_t* old_codes, std::size_t count, std::uint16_t* codes) {
  kernels_for(isa).join_differences(low, high, old_codes, count, codes);
}

}  // namespace edge::kernels
