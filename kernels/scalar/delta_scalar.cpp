// Delta kernels, the readable truth that the other ISAs are tested against. Pure functions, thread-safe.
#include <algorithm>

#include "kernels/delta_kernels.h"

namespace edge::kernels {
namespace {

bool is_set(const std::uint8_t* mask, std::size_t i) {
  return ((mask[i / 8] >> (i % 8)) & 1) != 0;
}

template <typename Value>
std::size_t compare_to_mask(const Value* new_values, const Value* old_values, std::size_t count,
                            std::uint8_t* mask) {
  std::size_t changed = 0;
  for (std::size_t start = 0; start < count; start += 8) {
    unsigned bits = 0;
    for (std::size_t i = start; i < std::min(start + 8, count); ++i) {
      const unsigned differs = new_values[i] != old_values[i] ? 1 : 0;
      bits |= differs << (i - start);
      changed += differs;
    }
    mask[start / 8] = static_cast<std::uint8_t>(bits);
  }
  return changed;
}

template <typename Value>
std::size_t compress(const Value* values, const std::uint8_t* mask, std::size_t count, Value* packed) {
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (is_set(mask, i)) packed[taken++] = values[i];
  }
  return taken;
}

template <typename Value>
std::size_t expand(const Value* packed, const std::uint8_t* mask, std::size_t count, Value* values) {
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (is_set(mask, i)) values[i] = packed[taken++];
  }
  return taken;
}

void deadband(const std::uint8_t* in, std::uint8_t* held, std::size_t count, std::uint8_t band) {
  for (std::size_t i = 0; i < count; ++i) {
    const int difference = in[i] > held[i] ? in[i] - held[i] : held[i] - in[i];
    if (difference > band) held[i] = in[i];
  }
}

void subtract_u8(const std::uint8_t* values, const std::uint8_t* old_values, std::uint8_t* differences,
                 std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    differences[i] = static_cast<std::uint8_t>(values[i] - old_values[i]);
}

void add_u8(const std::uint8_t* differences, const std::uint8_t* old_values, std::uint8_t* values,
            std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<std::uint8_t>(differences[i] + old_values[i]);
}

void subtract_rgb(RgbPlanes values, RgbPlanes old_values, WritableRgbPlanes differences, std::size_t count) {
  const auto difference = [&](std::size_t plane, std::size_t i) {
    return values.data[plane * values.stride + i] - old_values.data[plane * old_values.stride + i];
  };
  for (std::size_t i = 0; i < count; ++i) {
    const int green = difference(1, i);
    differences.data[i] = static_cast<std::uint8_t>(difference(0, i) - green);
    differences.data[differences.stride + i] = static_cast<std::uint8_t>(green);
    differences.data[2 * differences.stride + i] = static_cast<std::uint8_t>(difference(2, i) - green);
  }
}

void add_rgb(RgbPlanes differences, RgbPlanes old_values, WritableRgbPlanes values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const int green = differences.data[differences.stride + i];
    for (std::size_t plane = 0; plane < 3; ++plane) {
      const int own = plane == 1 ? 0 : differences.data[plane * differences.stride + i];
      const int old = old_values.data[plane * old_values.stride + i];
      values.data[plane * values.stride + i] = static_cast<std::uint8_t>(own + green + old);
    }
  }
}

void split_planes(const std::uint32_t* words, std::size_t count, std::uint8_t* planes) {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t plane = 0; plane < 4; ++plane) {
      planes[plane * count + i] = static_cast<std::uint8_t>(words[i] >> (8 * plane));
    }
  }
}

void join_planes(const std::uint8_t* planes, std::size_t count, std::uint32_t* words) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t word = 0;
    for (std::size_t plane = 0; plane < 4; ++plane) {
      word |= static_cast<std::uint32_t>(planes[plane * count + i]) << (8 * plane);
    }
    words[i] = word;
  }
}

}  // namespace

const DeltaKernels delta_scalar = {Isa::scalar,
                                   compare_to_mask<std::uint32_t>,
                                   compare_to_mask<std::uint8_t>,
                                   compress<std::uint32_t>,
                                   compress<std::uint8_t>,
                                   expand<std::uint32_t>,
                                   expand<std::uint8_t>,
                                   deadband,
                                   subtract_u8,
                                   add_u8,
                                   subtract_rgb,
                                   add_rgb,
                                   split_planes,
                                   join_planes};

}  // namespace edge::kernels
