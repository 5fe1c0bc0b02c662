#include "net/codec/codec.h"

#include "net/codec/decoder.h"
#include "net/codec/encoder.h"
#include "net/codec/tensor_header.h"

namespace edge::net {

std::size_t max_encoded_bytes(ElementType type, const Shape& shape) {
  // The encoder never writes a payload that is longer than the dense one.
  return max_header_bytes + padded(static_cast<std::size_t>(shape.elements()) * element_bytes(type));
}

EncodeStatistics encode(const Array& value, const Base* base, const EncodeOptions& options,
                        std::vector<std::byte>& out) {
  return Encoder(options).encode(value, base, out);
}

Decoded decode(std::span<const std::byte> bytes, ElementType type, const Shape& shape, const Base* base,
               kernels::Isa isa) {
  return Decoder(isa).decode(bytes, type, shape, base);
}

}  // namespace edge::net
