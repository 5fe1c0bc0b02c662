// Codec: elements <-> bytes, whole or as the difference to a base that the receiver holds. Lossless, bit for bit.
// The byte format is in docs/wire.md. Functions are thread-safe (no shared state).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/error.h"
#include "kernels/cpu.h"
#include "net/codec/elements.h"

namespace edge::net {

/// A tensor that the other side of a link holds, named by the frame that it belongs to.
struct Base {
  std::uint64_t frame = 0;
  Elements elements;
};

/// Estimated speeds that decide between fewer bytes and less work. All in bytes per second.
struct CodecSpeeds {
  double link = 3e6;                ///< of the transfer
  double compress = 150e6;          ///< zstd, raw bytes in, sender
  double decompress = 400e6;        ///< zstd, raw bytes out, receiver
};

struct EncodeOptions {
  bool delta = true;      ///< false: mode `full`, every tensor whole and raw (dense); no base is used
  bool compress = true;   ///< allow byte planes + zstd where CodecSpeeds say that it pays
  CodecSpeeds speeds;
  kernels::Isa isa = kernels::active_isa();
};

struct EncodeStatistics {
  std::size_t raw_float_bytes = 0;  ///< float32 size of the tensor
  std::size_t encoded_bytes = 0;
  std::size_t changed_elements = 0;  ///< against the base; all of them without one
  std::size_t elements = 0;
};

/// Appends the encoded tensor to `out`. `base` may be null; if given it must have value's type and shape.
EncodeStatistics encode(const Elements& value, const Base* base, const EncodeOptions& options,
                        std::vector<std::byte>& out);

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
  Elements elements;
  std::size_t consumed = 0;  ///< bytes of `bytes` that belonged to this tensor
};

/// Decodes one tensor from the front of `bytes`. Its type and shape must be `type` and `shape` (what the model says);
/// `base` is the tensor held for it, or null. Every length and count is checked before anything is allocated or
/// written; on an error nothing has changed. Throws CodecError or NeedFull.
Decoded decode(std::span<const std::byte> bytes, ElementType type, const Shape& shape, const Base* base,
               kernels::Isa isa);

/// Upper bound on the encoded size of a tensor.
std::size_t max_encoded_bytes(ElementType type, const Shape& shape);

}  // namespace edge::net
