// What a link carries: numbered frames, each with arrays behind a header that only the users of the two ends
// understand. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "engine/array.h"
#include "net/message.h"
#include "net/transfer_meter.h"

namespace edge::net {

/// Arrays by the numbers that both ends know them by.
using ArrayMap = std::map<int, Array>;

/// An array as it must be to be accepted.
struct ArraySpec {
  int number = 0;
  ElementType type = ElementType::f32;
  Shape shape;
};

/// How a link encodes a frame's arrays.
struct LinkCoding {
  bool delta = true;                        ///< against those of the frame before
  bool compress = true;                     ///< where it pays
  ValueFormat values = ValueFormat::exact;  ///< between workers, who round before they send (ValueRounder)
};

/// What the sending end has measured when it is about to send a frame's header.
struct SendTimes {
  double encode_s = 0;
  double encode_at = 0;  ///< when the encoding began, on the steady clock
  /// Transfers that were acknowledged since the header before: those of earlier frames.
  Transfer transfer = {};
};

struct OutgoingFrame {
  std::uint64_t frame = 0;
  LinkCoding coding;
  ArrayMap arrays;
  /// Composes the header. Called on the sending thread once the arrays are encoded, and anew if the frame is
  /// sent again.
  std::function<std::vector<std::byte>(const SendTimes&)> header;

  /// That its arrays hold in memory.
  std::size_t bytes() const;
};

/// What the receiving end has measured of a frame.
struct ReceiveTimes {
  std::uint64_t bytes = 0;  ///< of the whole message
  double receive_s = 0;     ///< from its header to its last byte
  double decode_s = 0;
  double wait_s = 0;       ///< decoded, waiting to be taken
  double received_at = 0;  ///< when the last byte was here, on the steady clock
};

struct IncomingFrame {
  std::uint64_t frame = 0;
  std::vector<std::byte> header;
  ArrayMap arrays;
  ReceiveTimes times;
};

/// A frame message's payload: u64 `sequence`, which counts the messages of one link; u32 length of the
/// header; the header; then each array's codec bytes.
struct FramePayload {
  std::uint64_t sequence = 0;
  std::span<const std::byte> header = {};
  std::span<const std::byte> arrays = {};
};
std::vector<std::byte> pack_frame(const FramePayload& payload);
/// Spans into the message. Throws ConnectionLost if it is truncated or the header is over max_control_bytes.
FramePayload parse_frame(const Message& message);
/// Upper bound on the payload of a frame with these arrays.
std::size_t max_frame_payload(std::span<const ArraySpec> arrays);

/// A receiver's answer to a frame: `ack` or `need_full`.
struct Acknowledgement {
  std::uint64_t sequence = 0;
  double held_s = 0;                  ///< from the message's arrival to this answer
  double decompress_bytes_per_s = 0;  ///< 0: not known yet
};
Message pack(MessageType type, std::uint64_t frame, const Acknowledgement& acknowledgement);
/// Throws ConnectionLost if it is malformed or impossible.
Acknowledgement parse_acknowledgement(const Message& message);

/// Of a probe, which carries nothing.
inline constexpr std::size_t max_probe_bytes = std::size_t{1} << 20;

}  // namespace edge::net
