#include "net/codec/grid_codes.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/delta.h"
#include "kernels/value_grid.h"
#include "net/codec/codec.h"

namespace edge::net {
namespace {

bool has_bit(std::span<const std::uint8_t> mask, std::size_t i) {
  return (mask[i / 8] >> (i % 8) & 1) != 0;
}

/// Whether one of the bytes that hold these elements' bits has any: neighbours may count too.
bool may_have_bits(std::span<const std::uint8_t> mask, std::size_t first, std::size_t count) {
  const std::size_t begin = first / 8;
  const std::size_t end = (first + count + 7) / 8;
  return std::any_of(mask.begin() + static_cast<std::ptrdiff_t>(begin),
                     mask.begin() + static_cast<std::ptrdiff_t>(end),
                     [](std::uint8_t byte) { return byte != 0; });
}

kernels::ByteGrid byte_grid(const ValueGrid& grid, std::size_t channel) {
  return {.step = grid.steps[channel], .is_signed = grid.is_signed[channel] != 0};
}

/// The half byte of a difference that is not smaller.
constexpr unsigned in_extras = 15;

}  // namespace

std::vector<std::uint8_t> to_bytes(const ValueGrid& grid) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(grid_bytes(grid.format, grid.steps.size()));
  for (const std::int8_t step : grid.steps) bytes.push_back(static_cast<std::uint8_t>(step));
  if (grid.format == ValueFormat::int8) {
    bytes.insert(bytes.end(), grid.is_signed.begin(), grid.is_signed.end());
  }
  return bytes;
}

ValueGrid grid_from(std::span<const std::uint8_t> bytes, ValueFormat format) {
  const std::size_t channels = format == ValueFormat::int8 ? bytes.size() / 2 : bytes.size();
  ValueGrid grid{.format = format, .steps = {}, .is_signed = std::vector<std::uint8_t>(channels)};
  for (const std::uint8_t byte : bytes.first(channels)) {
    grid.steps.push_back(static_cast<std::int8_t>(byte));
    if (grid.steps.back() < kernels::lowest_step || grid.steps.back() > kernels::highest_step) {
      throw CodecError("a channel's values have an impossible step");
    }
  }
  if (format != ValueFormat::int8) return grid;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(channels), channels, grid.is_signed.begin());
  for (const std::uint8_t flag : grid.is_signed) {
    if (flag > 1) throw CodecError("a channel's values have an unclear sign");
  }
  return grid;
}

void pair_differences(std::span<const std::uint8_t> differences, std::vector<std::uint8_t>& pairs,
                      std::vector<std::uint8_t>& extras) {
  pairs.assign((differences.size() + 1) / 2, 0);
  extras.clear();
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const unsigned difference = differences[i];
    const auto folded = static_cast<std::uint8_t>((difference << 1) ^ (difference >= 0x80 ? 0xFF : 0));
    if (folded >= in_extras) extras.push_back(folded);
    const unsigned small = std::min<unsigned>(folded, in_extras);
    pairs[i / 2] = static_cast<std::uint8_t>(pairs[i / 2] | small << (4 * (i % 2)));
  }
}

void separate_pairs(std::span<const std::uint8_t> pairs, std::span<const std::uint8_t> extras,
                    std::span<std::uint8_t> differences) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    unsigned folded = pairs[i / 2] >> (4 * (i % 2)) & 15U;
    if (folded == in_extras) {
      if (used == extras.size()) break;
      folded = extras[used++];
    }
    differences[i] = static_cast<std::uint8_t>((folded >> 1) ^ ((folded & 1) != 0 ? 0xFF : 0));
  }
  const auto wanted = static_cast<std::size_t>(
      std::count_if(pairs.begin(), pairs.end(), [](std::uint8_t pair) { return (pair & 15U) == in_extras; }) +
      std::count_if(pairs.begin(), pairs.end(), [](std::uint8_t pair) { return pair >> 4 == in_extras; }));
  if (used != extras.size() || wanted != extras.size()) {
    throw CodecError("an encoded tensor has not as many large differences as it says");
  }
}

std::vector<std::uint8_t> to_bytes(const std::vector<Escape>& escapes) {
  std::vector<std::uint8_t> bytes(escape_bytes * escapes.size());
  for (std::size_t i = 0; i < escapes.size(); ++i) {
    std::memcpy(&bytes[escape_bytes * i], &escapes[i].position, sizeof escapes[i].position);
    std::memcpy(&bytes[escape_bytes * i + 4], &escapes[i].bits, sizeof escapes[i].bits);
  }
  return bytes;
}

void put_escapes(std::span<const std::uint8_t> bytes, std::size_t elements,
                 std::span<const std::uint8_t> mask, std::uint32_t* values) {
  for (; !bytes.empty(); bytes = bytes.subspan(escape_bytes)) {
    Escape escape;
    std::memcpy(&escape.position, bytes.data(), sizeof escape.position);
    std::memcpy(&escape.bits, bytes.data() + 4, sizeof escape.bits);
    if (escape.position >= elements || !has_bit(mask, escape.position)) {
      throw CodecError("a value without a code is where nothing has changed");
    }
    values[escape.position] = escape.bits;
  }
}

void GridCodes::resize(std::size_t elements) {
  differences_.resize(2 * elements);
}

void GridCodes::make_room(std::size_t count, bool two_bytes) {
  bytes_.resize(count);
  old_bytes_.assign(count, 0);
  shorts_.resize(two_bytes ? count : 0);
  old_shorts_.assign(shorts_.size(), 0);
}

void GridCodes::subtract(const Array& value, const Array* base, std::span<const std::uint8_t> mask) {
  const ValueGrid& grid = *value.grid();
  const bool two_bytes = grid.format == ValueFormat::float16;
  const std::size_t elements = value.elements();
  const std::size_t count = elements / grid.steps.size();
  resize(elements);
  escapes_.clear();
  make_room(count, two_bytes);
  for (std::size_t c = 0; c < grid.steps.size(); ++c) {
    const std::size_t at = c * count;
    if (!may_have_bits(mask, at, count)) continue;
    const float* values = value.values().data() + at;
    const float* old = base == nullptr ? nullptr : base->values().data() + at;
    if (two_bytes) {
      kernels::short_codes(isa_, values, count, grid.steps[c], shorts_.data());
      if (old != nullptr) kernels::short_codes(isa_, old, count, grid.steps[c], old_shorts_.data());
      kernels::split_differences(isa_, shorts_.data(), old_shorts_.data(), count, &differences_[at],
                                 &differences_[elements + at]);
      for (std::size_t i = 0; i < count; ++i) {
        if (shorts_[i] == kernels::short_escape && has_bit(mask, at + i)) note_escape(value, at + i);
      }
    } else {
      const kernels::ByteGrid bytes = byte_grid(grid, c);
      kernels::byte_codes(isa_, values, count, bytes, bytes_.data());
      if (old != nullptr) kernels::byte_codes(isa_, old, count, bytes, old_bytes_.data());
      kernels::subtract(isa_, bytes_.data(), old_bytes_.data(), &differences_[at], count);
      for (std::size_t i = 0; i < count; ++i) {
        const void* next = std::memchr(&bytes_[i], bytes.escape(), count - i);
        if (next == nullptr) break;
        i = static_cast<std::size_t>(static_cast<const std::uint8_t*>(next) - bytes_.data());
        if (has_bit(mask, at + i)) note_escape(value, at + i);
      }
    }
  }
}

void GridCodes::note_escape(const Array& value, std::size_t position) {
  escapes_.push_back({.position = static_cast<std::uint32_t>(position),
                      .bits = std::bit_cast<std::uint32_t>(value.values()[position])});
}

void GridCodes::add(const ValueGrid& grid, const Array* base, const Shape& shape,
                    std::span<const std::uint8_t> mask, float* values) {
  const bool two_bytes = grid.format == ValueFormat::float16;
  const auto elements = static_cast<std::size_t>(shape.elements());
  const std::size_t count = elements / grid.steps.size();
  make_room(count, two_bytes);
  for (std::size_t c = 0; c < grid.steps.size(); ++c) {
    const std::size_t at = c * count;
    const float* old = base == nullptr ? nullptr : base->values().data() + at;
    if (!may_have_bits(mask, at, count)) {
      if (old != nullptr) {
        std::copy_n(old, count, values + at);
      } else {
        std::fill_n(values + at, count, 0.0F);
      }
    } else if (two_bytes) {
      if (old != nullptr) kernels::short_codes(isa_, old, count, grid.steps[c], old_shorts_.data());
      kernels::join_differences(isa_, &differences_[at], &differences_[elements + at], old_shorts_.data(),
                                count, shorts_.data());
      kernels::short_values(isa_, shorts_.data(), old, count, grid.steps[c], values + at);
    } else {
      const kernels::ByteGrid bytes = byte_grid(grid, c);
      if (old != nullptr) kernels::byte_codes(isa_, old, count, bytes, old_bytes_.data());
      kernels::add(isa_, &differences_[at], old_bytes_.data(), bytes_.data(), count);
      kernels::byte_values(isa_, bytes_.data(), old, count, bytes, values + at);
    }
  }
}

}  // namespace edge::net
