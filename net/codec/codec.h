// Codec: elements <-> bytes, whole or as the difference to a base that the receiver holds. Lossless, bit for
// bit; what is rounded ([net] values) is rounded before (net/value_rounder.h). The byte format is in
// docs/codec.md. This header has the terms that both directions share; the work is done by Encoder
// (encoder.h) and Decoder (decoder.h), one of each per link and direction, since they own zstd contexts and
// scratch memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/array.h"
#include "engine/error.h"
#include "kernels/cpu.h"

namespace edge::net {

/// A tensor that the other side of a link holds, named by the frame that it belongs to.
struct Base {
  std::uint64_t frame = 0;
  Array array;
};

/// Estimated speeds that decide between fewer bytes and less work. All in bytes per second.
struct CodecSpeeds {
  double link = 3e6;  ///< of the transfer
  double compress =
      150e6;  ///< prediction and zstd, raw bytes in, sender; an Encoder replaces it by what it measures
  double decompress = 400e6;  ///< the inverse, raw bytes out, receiver; measured by a Decoder
};

struct EncodeOptions {
  bool delta = true;     ///< false: mode `full`, every tensor whole and raw (dense); no base is used
  bool compress = true;  ///< allow prediction + zstd where CodecSpeeds say that it pays
  CodecSpeeds speeds = {};
  kernels::Isa isa = kernels::active_isa();
};

/// How a tensor is written. The numbers are part of the format.
enum class Coding : std::uint8_t {
  dense = 0,             ///< all elements, raw
  changes = 1,           ///< which elements changed, and their values
  packed_changes = 2,    ///< f32: the same, values as differences in byte planes, zstd
  predicted_planes = 3,  ///< u8: what a prediction from the base or the row above leaves, zstd
  int8_changes = 4,      ///< f32 on a grid: one byte per changed element, zstd
  float16_changes = 5,   ///< the same with two bytes
};

struct EncodeStatistics {
  std::size_t raw_float_bytes = 0;  ///< float32 size of the tensor
  std::size_t encoded_bytes = 0;
  std::size_t changed_elements = 0;  ///< against the base; all of them without one
  std::size_t elements = 0;
  Coding coding = Coding::dense;
};

/// Malformed or unexpected bytes: the message says what was wrong.
class CodecError : public Error {
 public:
  using Error::Error;
};
/// Well-formed, but based on a frame that the receiver does not hold.
class NeedFull : public Error {
 public:
  using Error::Error;
};

struct Decoded {
  Array array;
  std::size_t consumed = 0;  ///< bytes of the input that belonged to this tensor
};

/// Upper bound on the encoded size of a tensor.
std::size_t max_encoded_bytes(ElementType type, const Shape& shape);

/// Encoder::encode with a short-lived Encoder: for single tensors; streams keep an Encoder. Thread-safe.
EncodeStatistics encode(const Array& value, const Base* base, const EncodeOptions& options,
                        std::vector<std::byte>& out);
/// Decoder::decode with a short-lived Decoder. Thread-safe.
Decoded decode(std::span<const std::byte> bytes, ElementType type, const Shape& shape, const Base* base,
               kernels::Isa isa);

}  // namespace edge::net
