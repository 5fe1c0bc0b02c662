#include "net/codec/tensor_header.h"

#include <array>
#include <cassert>
#include <limits>
#include <string>

namespace edge::net {
namespace {

void append_little_endian(std::uint64_t value, std::size_t size, std::vector<std::byte>& out) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xFF));
}

std::uint64_t from_little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

}  // namespace

void append_u32(std::uint32_t value, std::vector<std::byte>& out) {
  append_little_endian(value, 4, out);
}

void append_header(const TensorHeader& header, std::vector<std::byte>& out) {
  assert(header.payload_bytes <= std::numeric_limits<std::uint32_t>::max());
  out.push_back(std::byte{codec_version});
  out.push_back(static_cast<std::byte>(header.type));
  out.push_back(static_cast<std::byte>(header.coding));
  out.push_back(static_cast<std::byte>(header.based));
  append_u32(static_cast<std::uint32_t>(header.payload_bytes), out);
  append_little_endian(header.based ? header.base_frame : 0, 8, out);
  append_u32(static_cast<std::uint32_t>(header.shape.rank()), out);
  for (const std::int64_t extent : header.shape.extents())
    append_u32(static_cast<std::uint32_t>(extent), out);
}

std::span<const std::byte> ByteReader::take(std::size_t count) {
  if (count > bytes_.size()) throw CodecError("an encoded tensor is truncated");
  const std::span<const std::byte> front = bytes_.first(count);
  bytes_ = bytes_.subspan(count);
  return front;
}

std::uint8_t ByteReader::take_u8() {
  return static_cast<std::uint8_t>(take(1)[0]);
}
std::uint32_t ByteReader::take_u32() {
  return static_cast<std::uint32_t>(from_little_endian(take(4)));
}
std::uint64_t ByteReader::take_u64() {
  return from_little_endian(take(8));
}

void ByteReader::expect_padding() {
  bool zero = bytes_.size() < 4;
  for (std::size_t i = 0; zero && i < bytes_.size(); ++i) zero = bytes_[i] == std::byte{0};
  if (!zero) throw CodecError("an encoded tensor has bytes behind its end");
  bytes_ = {};
}

TensorHeader read_header(ByteReader& reader, ElementType type, const Shape& shape) {
  TensorHeader header{.type = type, .coding = Coding::dense, .shape = shape};
  if (const std::uint8_t version = reader.take_u8(); version != codec_version) {
    throw CodecError("an encoded tensor has format version " + std::to_string(version) + ", expected " +
                     std::to_string(codec_version) + "; run the same version of edge on all devices");
  }
  if (reader.take_u8() != static_cast<std::uint8_t>(type)) {
    throw CodecError("an encoded tensor has other elements than the network says");
  }
  const std::uint8_t coding = reader.take_u8();
  if (coding > static_cast<std::uint8_t>(Coding::predicted_planes)) {
    throw CodecError("an encoded tensor is of unknown coding " + std::to_string(coding));
  }
  header.coding = static_cast<Coding>(coding);
  const std::uint8_t based = reader.take_u8();
  header.payload_bytes = reader.take_u32();
  header.base_frame = reader.take_u64();
  header.based = based == 1;
  if (based > 1 || (!header.based && header.base_frame != 0)) {
    throw CodecError("an encoded tensor has an unclear base");
  }
  bool fits = reader.take_u32() == shape.rank();
  for (std::size_t i = 0; fits && i < shape.rank(); ++i) fits = reader.take_u32() == shape[i];
  if (!fits) throw CodecError("an encoded tensor is not of the expected shape " + shape.to_string());
  return header;
}

}  // namespace edge::net
