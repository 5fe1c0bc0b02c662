// Dispatch of the delta kernels to their variants. Pure functions, thread-safe.
#include "kernels/delta.h"

#include <bit>
#include <cstring>

#include "kernels/delta_variants.h"

namespace edge::kernels {

Variants<DeltaKernels> delta_variants() {
  static constexpr const DeltaKernels* variants[] = {
    &delta_scalar,
#if defined(EDGE_HAVE_NEON)
    &delta_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &delta_avx2,
#endif
  };
  return variants;
}

std::size_t compare_to_mask(Isa isa, const std::uint32_t* new_values, const std::uint32_t* old_values,
                            std::size_t count, std::uint8_t* mask) {
  return variant_for(isa, delta_variants()).compare_to_mask_u32(new_values, old_values, count, mask);
}

std::size_t compare_to_mask(Isa isa, const std::uint8_t* new_values, const std::uint8_t* old_values,
                            std::size_t count, std::uint8_t* mask) {
  return variant_for(isa, delta_variants()).compare_to_mask_u8(new_values, old_values, count, mask);
}

std::size_t compress(Isa isa, const std::uint32_t* values, const std::uint8_t* mask, std::size_t count,
                     std::uint32_t* packed) {
  return variant_for(isa, delta_variants()).compress_u32(values, mask, count, packed);
}

std::size_t compress(Isa isa, const std::uint8_t* values, const std::uint8_t* mask, std::size_t count,
                     std::uint8_t* packed) {
  return variant_for(isa, delta_variants()).compress_u8(values, mask, count, packed);
}

std::size_t expand(Isa isa, const std::uint32_t* packed, const std::uint8_t* mask, std::size_t count,
                   std::uint32_t* values) {
  return variant_for(isa, delta_variants()).expand_u32(packed, mask, count, values);
}

std::size_t expand(Isa isa, const std::uint8_t* packed, const std::uint8_t* mask, std::size_t count,
                   std::uint8_t* values) {
  return variant_for(isa, delta_variants()).expand_u8(packed, mask, count, values);
}

std::size_t count_mask(const std::uint8_t* mask, std::size_t count) {
  std::size_t set = 0;
  std::size_t byte = 0;
  for (; byte + 8 <= count / 8; byte += 8) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, mask + byte, 8);
    set += static_cast<std::size_t>(std::popcount(bits));
  }
  for (; byte < count / 8; ++byte) set += static_cast<std::size_t>(std::popcount(mask[byte]));
  if (count % 8 != 0) {
    const unsigned tail = mask[byte] & ((1U << (count % 8)) - 1U);
    set += static_cast<std::size_t>(std::popcount(tail));
  }
  return set;
}

void deadband(Isa isa, const std::uint8_t* in, std::uint8_t* held, std::size_t count, std::uint8_t band) {
  variant_for(isa, delta_variants()).deadband(in, held, count, band);
}

void split_planes(Isa isa, const std::uint32_t* words, std::size_t count, std::uint8_t* planes) {
  variant_for(isa, delta_variants()).split_planes(words, count, planes);
}

void join_planes(Isa isa, const std::uint8_t* planes, std::size_t count, std::uint32_t* words) {
  variant_for(isa, delta_variants()).join_planes(planes, count, words);
}

void subtract(Isa isa, const std::uint8_t* values, const std::uint8_t* old_values, std::uint8_t* differences,
              std::size_t count) {
  variant_for(isa, delta_variants()).subtract_u8(values, old_values, differences, count);
}

void add(Isa isa, const std::uint8_t* differences, const std::uint8_t* old_values, std::uint8_t* values,
         std::size_t count) {
  variant_for(isa, delta_variants()).add_u8(differences, old_values, values, count);
}

void subtract_rgb(Isa isa, RgbPlanes values, RgbPlanes old_values, WritableRgbPlanes differences,
                  std::size_t count) {
  variant_for(isa, delta_variants()).subtract_rgb(values, old_values, differences, count);
}

void add_rgb(Isa isa, RgbPlanes differences, RgbPlanes old_values, WritableRgbPlanes values,
             std::size_t count) {
  variant_for(isa, delta_variants()).add_rgb(differences, old_values, values, count);
}

}  // namespace edge::kernels
