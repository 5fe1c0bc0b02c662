// Messages and their header on the wire (docs/wire.md). Pure functions, thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"

namespace edge::net {

inline constexpr std::uint16_t protocol_version = 5;
inline constexpr std::size_t header_bytes = 28;
/// What a header begins with: "EDGE".
inline constexpr std::array<std::byte, 4> message_magic = {std::byte{'E'}, std::byte{'D'}, std::byte{'G'},
                                                           std::byte{'E'}};
/// Nothing larger is accepted before the handshake is complete, nor as a control message.
inline constexpr std::size_t max_control_bytes = std::size_t{64} * 1024;

enum class MessageType : std::uint8_t {
  hello = 1,        ///< first message of the side that connects (CBOR)
  welcome = 2,      ///< the answer (CBOR)
  refusal = 3,      ///< the other answer (CBOR); the connection is closed behind it
  heartbeat = 4,    ///< no payload; whenever nothing else was sent for a while
  frame = 5,        ///< link: a frame's arrays (an opaque header and codec bytes)
  ack = 6,          ///< link, backwards: a frame was decoded and taken over (CBOR)
  need_full = 7,    ///< link, backwards: a frame's base is not held here; send whole from there on (CBOR)
  result = 8,       ///< control, to the master: a frame's result (CBOR and codec bytes)
  profile = 9,      ///< control, to the master: seconds per layer (CBOR)
  failure = 10,     ///< control, to the master: this worker cannot go on (CBOR)
  training = 11,    ///< control, from the trainer to the master: how far it is (CBOR)
  predictors = 12,  ///< control, from the trainer to the master: what it has learnt (docs/prediction.md)
  transfer = 13,    ///< control, to the master: how fast the link behind this worker is (CBOR)
  probe = 14,       ///< link: any bytes, to measure its speed
  probed = 15,      ///< link, backwards: a probe has arrived (no payload)
  clock = 16,       ///< control, both ways: what time it is with the worker (CBOR)
  farewell = 17,    ///< the last message of a side that leaves on purpose (CBOR)
  route = 18,       ///< control, from the master: which links a worker shall keep, and the epoch (CBOR)
  link_state = 19,  ///< control, to the master: whether one of these links is there (CBOR)
};

struct Message {
  MessageType type = MessageType::heartbeat;
  std::uint8_t flags = 0;
  std::uint64_t frame = 0;
  std::vector<std::byte> payload;
};

/// Flags of `frame`. No array of this message has a base; a receiver that waits for that goes on here.
inline constexpr std::uint8_t flag_restart = 1;
/// This message's arrays may be the bases of the next one's.
inline constexpr std::uint8_t flag_bases = 2;

/// The peer broke the protocol, went silent or away. The connection is of no more use.
class ConnectionLost : public Error {
 public:
  using Error::Error;
};
/// The peer serves somebody else at present, and said so.
class PeerBusy : public ConnectionLost {
 public:
  using ConnectionLost::ConnectionLost;
};
/// The peer said that it leaves: what() is "it finished", "it stopped" or the like. No error of anybody.
class PeerLeft : public ConnectionLost {
 public:
  explicit PeerLeft(const std::string& verb) : ConnectionLost("it " + verb), verb_(verb) {}
  const std::string& verb() const { return verb_; }

 private:
  std::string verb_;
};
/// The peer speaks another version of the protocol: trying again will not help.
class VersionMismatch : public ConnectionLost {
 public:
  using ConnectionLost::ConnectionLost;
};

struct Header {
  MessageType type = MessageType::heartbeat;
  std::uint8_t flags = 0;
  std::uint64_t frame = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t crc = 0;  ///< CRC-32C of the header's first 20 bytes and the payload
};

/// The header of `message`, both CRCs included. The payload must be under 4 GiB.
std::array<std::byte, header_bytes> pack_header(const Message& message);
/// Checks magic, version, the header's own CRC, type and the payload's length (at most `max_payload`) before
/// anything is allocated for it, or waited for. Throws ConnectionLost (VersionMismatch for another version).
Header parse_header(std::span<const std::byte, header_bytes> bytes, std::size_t max_payload);
/// Throws ConnectionLost if the CRC does not fit.
void check_crc(const Header& header, std::span<const std::byte, header_bytes> bytes,
               std::span<const std::byte> payload);

/// The last message of a side that leaves on purpose; `verb` says what it did: "finished", "stopped".
Message farewell_message(const std::string& verb);
/// Throws ConnectionLost if it is malformed.
PeerLeft parse_farewell(const Message& message);

/// A peer's text on its way to a person: printable(), at most about `longest` bytes. Throws json::exception
/// if it is no string.
std::string text_from(const nlohmann::json& value, std::size_t longest = 400);

std::vector<std::byte> to_cbor(const nlohmann::json& value);
/// Throws ConnectionLost for bytes that are not one well-formed CBOR object.
nlohmann::json from_cbor(std::span<const std::byte> bytes);

}  // namespace edge::net
