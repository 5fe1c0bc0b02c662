// Fuzzes the codec. The first byte chooses what the rest is: encoded bytes, which must be decoded or refused
// with CodecError or NeedFull; or a tensor and its base, which must survive encoding and decoding bit for
// bit; some of these tensors claim to be on a grid.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "net/codec/codec.h"

namespace {

using namespace edge;
using namespace edge::net;

constexpr std::uint64_t base_frame = 5;

const std::array<Shape, 4> shapes{Shape{1, 3, 24, 32}, Shape{1, 2, 5, 7}, Shape{1, 1300}, Shape{}};

/// Array from the front of `bytes`, which are taken off; zeros where there are none left.
Array take_elements(ElementType type, const Shape& shape, std::span<const std::byte>& bytes) {
  const FreshArray fresh = allocate_array(type, shape);
  const std::size_t taken = std::min(bytes.size(), fresh.array.bytes());
  std::memset(fresh.data, 0, fresh.array.bytes());
  if (taken > 0) std::memcpy(fresh.data, bytes.data(), taken);
  bytes = bytes.subspan(taken);
  return fresh.array;
}

void decode_anything(std::span<const std::byte> bytes, ElementType type, const Shape& shape, bool with_base) {
  const FreshArray old = allocate_array(type, shape);
  for (std::size_t i = 0; i < old.array.bytes(); ++i) old.data[i] = static_cast<std::byte>(i * 7 / 5);
  const Base base{base_frame, old.array};
  try {
    const Decoded decoded = decode(bytes, type, shape, with_base ? &base : nullptr, kernels::active_isa());
    if (decoded.array.shape() != shape || decoded.consumed > bytes.size()) std::abort();
  } catch (const CodecError&) {
  } catch (const NeedFull&) {
  }
}

/// The bytes' upper bits choose the steps; the values need not be multiples of them.
Array on_some_grid(const Array& value, ValueFormat format, std::span<const std::byte> bytes) {
  auto grid = std::make_shared<ValueGrid>();
  grid->format = format;
  const std::size_t channels = grid_channels(value.shape());
  for (std::size_t c = 0; c < channels; ++c) {
    const int choice = bytes.empty() ? 0 : static_cast<int>(bytes[c % bytes.size()]);
    grid->steps.push_back(static_cast<std::int8_t>(choice % 241 - 120));
    grid->is_signed.push_back(format == ValueFormat::int8 && choice % 2 == 1 ? 1 : 0);
  }
  return value.on_grid(std::move(grid));
}

void round_trip(std::span<const std::byte> bytes, ElementType type, const Shape& shape, bool with_base,
                bool compress, ValueFormat grid) {
  Array value = take_elements(type, shape, bytes);
  if (grid != ValueFormat::exact && type == ElementType::f32) value = on_some_grid(value, grid, bytes);
  const Base base{base_frame, take_elements(type, shape, bytes)};
  const Base* held = with_base ? &base : nullptr;
  std::vector<std::byte> encoded;
  encode(value, held, {.compress = compress, .speeds = {.link = 1}}, encoded);
  if (encoded.size() > max_encoded_bytes(type, shape)) std::abort();
  const Decoded decoded = decode(encoded, type, shape, held, kernels::active_isa());
  const bool same = std::equal(value.span().begin(), value.span().end(), decoded.array.span().begin());
  if (!same || decoded.consumed != encoded.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  const ElementType type = (choice & 1) != 0 ? ElementType::f32 : ElementType::u8;
  const bool with_base = (choice & 2) != 0;
  const Shape& shape = shapes[(choice >> 2) & 3];
  const auto rest = std::as_bytes(std::span(data, size)).subspan(1);
  if ((choice & 16) == 0) {
    decode_anything(rest, type, shape, with_base);
  } else {
    round_trip(rest, type, shape, with_base, (choice & 32) != 0,
               static_cast<ValueFormat>((choice >> 6) % value_format_names.size()));
  }
  return 0;
}
