// compress and expand over whole arrays, written once for all vector ISAs. An ISA file instantiates them with
// types of its anonymous namespace, so that no instantiation is shared between files that are compiled with
// different flags.
//
// `Elements` has: the type Value; pack(values, bits, packed), which writes those of eight values whose bit is
// set (and up to eight values in all); unpack(packed, bits, values), which replaces those of eight values
// whose bit is set (and may read eight from `packed`); bit_count(bits) of one byte; count_mask(mask, count)
// as kernels/delta.h has it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edge::kernels {

template <typename Elements, typename Value = typename Elements::Value>
std::size_t compress(const Value* values, const std::uint8_t* mask, std::size_t count, Value* packed) {
  Value* to = packed;
  const auto pack_eight = [&](std::size_t i) {
    const std::uint8_t bits = mask[i / 8];
    Elements::pack(values + i, bits, to);
    to += Elements::bit_count(bits);
  };
  std::size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    std::uint64_t all = 0;
    __builtin_memcpy(&all, mask + i / 8, 8);
    if (all == 0) continue;
    if (all == ~std::uint64_t{0}) {
      __builtin_memcpy(to, values + i, 64 * sizeof(Value));
      to += 64;
      continue;
    }
    for (std::size_t k = 0; k < 64; k += 8) pack_eight(i + k);
  }
  for (; i + 8 <= count; i += 8) pack_eight(i);
  for (; i < count; ++i) {
    if ((mask[i / 8] >> (i % 8) & 1) != 0) *to++ = values[i];
  }
  return static_cast<std::size_t>(to - packed);
}

template <typename Elements, typename Value = typename Elements::Value>
std::size_t expand(const Value* packed, const std::uint8_t* mask, std::size_t count, Value* values) {
  const Value* from = packed;
  const Value* const packed_end = packed + Elements::count_mask(mask, count);
  std::size_t i = 0;
  // With 64 values left, every step may load eight: the steps before it have taken eight each at most.
  for (; i + 64 <= count && packed_end - from >= 64; i += 64) {
    std::uint64_t all = 0;
    __builtin_memcpy(&all, mask + i / 8, 8);
    if (all == 0) continue;
    if (all == ~std::uint64_t{0}) {
      __builtin_memcpy(values + i, from, 64 * sizeof(Value));
      from += 64;
      continue;
    }
    for (std::size_t k = 0; k < 64; k += 8) {
      const std::uint8_t bits = mask[(i + k) / 8];
      Elements::unpack(from, bits, values + i + k);
      from += Elements::bit_count(bits);
    }
  }
  for (; i + 8 <= count && packed_end - from >= 8; i += 8) {
    const std::uint8_t bits = mask[i / 8];
    Elements::unpack(from, bits, values + i);
    from += Elements::bit_count(bits);
  }
  for (; i < count && from != packed_end; ++i) {
    if ((mask[i / 8] >> (i % 8) & 1) != 0) values[i] = *from++;
  }
  return static_cast<std::size_t>(from - packed);
}

}  // namespace edge::kernels
