#include "net/message.h"

#include <fmt/format.h>

#include "engine/bytes.h"
#include "engine/printable.h"
#include "net/crc32c.h"

namespace edge::net {
namespace {

constexpr std::size_t header_crc_offset = 20;
constexpr std::size_t crc_offset = 24;

/// The parser recurses with the nesting of arrays and maps: bounds it without recursion. Our own messages
/// nest three deep. False too for lengths that cannot be true and for kinds of CBOR that we never send.
bool nests_shallowly(std::span<const std::byte> bytes) {
  constexpr std::size_t deepest = 16;
  std::vector<std::uint64_t> open;  // items still to come in each open container
  std::size_t at = 0;
  do {
    if (at >= bytes.size()) return true;  // truncated: the parser will say so
    const auto first = static_cast<unsigned>(bytes[at++]);
    const unsigned major = first >> 5;
    const unsigned short_value = first & 31;
    std::uint64_t value = short_value;
    if (short_value >= 24) {
      if (short_value > 27) return false;  // indefinite lengths: we never send them
      const std::size_t length = std::size_t{1} << (short_value - 24);
      if (length > bytes.size() - at) return true;
      value = 0;
      for (std::size_t i = 0; i < length; ++i) value = (value << 8) | static_cast<std::uint64_t>(bytes[at++]);
    }
    if (!open.empty()) --open.back();
    if (major == 2 || major == 3) {
      if (value > bytes.size() - at) return true;
      at += static_cast<std::size_t>(value);
    } else if (major == 4 || major == 5) {
      if (value > bytes.size()) return false;
      open.push_back(major == 4 ? value : 2 * value);
    } else if (major == 6) {
      return false;  // tags: likewise
    }
    if (open.size() > deepest) return false;
    while (!open.empty() && open.back() == 0) open.pop_back();
  } while (!open.empty());
  return true;
}

bool known(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(MessageType::hello) &&
         type <= static_cast<std::uint8_t>(MessageType::link_state);
}

}  // namespace

std::array<std::byte, header_bytes> pack_header(const Message& message) {
  std::array<std::byte, header_bytes> bytes{};
  std::copy(message_magic.begin(), message_magic.end(), bytes.begin());
  store_little_endian(&bytes[4], protocol_version);
  bytes[6] = static_cast<std::byte>(message.type);
  bytes[7] = static_cast<std::byte>(message.flags);
  store_little_endian(&bytes[8], message.frame);
  store_little_endian(&bytes[16], static_cast<std::uint32_t>(message.payload.size()));
  const std::uint32_t header_crc = crc32c(std::span(bytes).first(header_crc_offset));
  store_little_endian(&bytes[header_crc_offset], header_crc);
  store_little_endian(&bytes[crc_offset], crc32c(message.payload, header_crc));
  return bytes;
}

Header parse_header(std::span<const std::byte, header_bytes> bytes, std::size_t max_payload) {
  if (!std::equal(message_magic.begin(), message_magic.end(), bytes.begin())) {
    throw ConnectionLost("it does not speak edge's protocol (wrong magic)");
  }
  const auto version = load_little_endian<std::uint16_t>(&bytes[4]);
  if (version != protocol_version) {
    throw VersionMismatch(
        fmt::format("it speaks protocol version {}, this program speaks {}: use the same edge everywhere",
                    version, protocol_version));
  }
  // A length that lies would have us wait for bytes that never come.
  if (crc32c(bytes.first(header_crc_offset)) !=
      load_little_endian<std::uint32_t>(&bytes[header_crc_offset])) {
    throw ConnectionLost("a message's header arrived damaged (CRC-32C differs)");
  }
  const auto type = static_cast<std::uint8_t>(bytes[6]);
  if (!known(type)) throw ConnectionLost(fmt::format("unknown message type {}", type));
  const Header header{.type = static_cast<MessageType>(type),
                      .flags = static_cast<std::uint8_t>(bytes[7]),
                      .frame = load_little_endian<std::uint64_t>(&bytes[8]),
                      .payload_bytes = load_little_endian<std::uint32_t>(&bytes[16]),
                      .crc = load_little_endian<std::uint32_t>(&bytes[crc_offset])};
  if (header.payload_bytes > max_payload) {
    throw ConnectionLost(fmt::format("a message of {} bytes where at most {} are possible",
                                     header.payload_bytes, max_payload));
  }
  return header;
}

void check_crc(const Header& header, std::span<const std::byte, header_bytes> bytes,
               std::span<const std::byte> payload) {
  if (crc32c(payload, crc32c(bytes.first(header_crc_offset))) != header.crc) {
    throw ConnectionLost("a message arrived damaged (CRC-32C differs)");
  }
}

Message farewell_message(const std::string& verb) {
  return {.type = MessageType::farewell, .payload = to_cbor({{"verb", verb}})};
}

PeerLeft parse_farewell(const Message& message) {
  constexpr std::size_t longest_verb = 40;
  try {
    return PeerLeft(text_from(from_cbor(message.payload).at("verb"), longest_verb));
  } catch (const nlohmann::json::exception&) {
    throw ConnectionLost("it sent a malformed farewell");
  }
}

std::string text_from(const nlohmann::json& value, std::size_t longest) {
  return printable(value.get_ref<const std::string&>(), longest);
}

std::vector<std::byte> to_cbor(const nlohmann::json& value) {
  std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor(value);
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  return {first, first + bytes.size()};
}

nlohmann::json from_cbor(std::span<const std::byte> bytes) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (bytes.empty() || !nests_shallowly(bytes)) throw ConnectionLost("it sent malformed CBOR");
  nlohmann::json value = nlohmann::json::from_cbor(first, first + bytes.size(), true, false);
  if (!value.is_object()) throw ConnectionLost("it sent something else where a CBOR map was due");
  return value;
}

}  // namespace edge::net
