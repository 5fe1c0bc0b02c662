#include "net/codec/tensor_header.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>

namespace edge::net {
void append_header(const TensorHeader& header, std::vector<std::byte>& out) {
  assert(header.payload_bytes <= std::numeric_limits<std::uint32_t>::max());
  out.push_back(std::byte{codec_version});
  out.push_back(static_cast<std::byte>(header.type));
  out.push_back(static_cast<std::byte>(header.coding));
  out.push_back(static_cast<std::byte>(header.based));
  append_little_endian(static_cast<std::uint32_t>(header.payload_bytes), out);
  append_little_endian(header.based ? header.base_frame : std::uint64_t{0}, out);
  append_little_endian(static_cast<std::uint32_t>(header.shape.rank()), out);
  for (const std::int64_t extent : header.shape.extents())
    append_little_endian(static_cast<std::uint32_t>(extent), out);
}

void TensorCutOff::operator()(std::uint64_t, std::uint64_t, std::uint64_t) const {
  throw CodecError("an encoded tensor is truncated");
}

void expect_padding(TensorReader& reader) {
  const std::span<const std::byte> rest = reader.take(reader.left());
  const bool zero =
      std::all_of(rest.begin(), rest.end(), [](std::byte value) { return value == std::byte{0}; });
  if (rest.size() > 3 || !zero) throw CodecError("an encoded tensor has bytes behind its end");
}

TensorHeader read_header(TensorReader& reader, ElementType type, const Shape& shape) {
  TensorHeader header{.type = type, .coding = Coding::dense, .shape = shape};
  if (const std::uint8_t version = reader.number<std::uint8_t>(); version != codec_version) {
    throw CodecError("an encoded tensor has format version " + std::to_string(version) + ", expected " +
                     std::to_string(codec_version) + "; run the same version of edge on all devices");
  }
  if (reader.number<std::uint8_t>() != static_cast<std::uint8_t>(type)) {
    throw CodecError("an encoded tensor has other elements than the network says");
  }
  const std::uint8_t coding = reader.number<std::uint8_t>();
  if (coding > static_cast<std::uint8_t>(Coding::float16_changes)) {
    throw CodecError("an encoded tensor is of unknown coding " + std::to_string(coding));
  }
  header.coding = static_cast<Coding>(coding);
  const std::uint8_t based = reader.number<std::uint8_t>();
  header.payload_bytes = reader.number<std::uint32_t>();
  header.base_frame = reader.number<std::uint64_t>();
  header.based = based == 1;
  if (based > 1 || (!header.based && header.base_frame != 0)) {
    throw CodecError("an encoded tensor has an unclear base");
  }
  bool fits = reader.number<std::uint32_t>() == shape.rank();
  for (std::size_t i = 0; fits && i < shape.rank(); ++i) fits = reader.number<std::uint32_t>() == shape[i];
  if (!fits) throw CodecError("an encoded tensor is not of the expected shape " + shape.to_string());
  return header;
}

}  // namespace edge::net
