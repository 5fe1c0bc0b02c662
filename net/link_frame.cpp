#include "net/link_frame.h"

#include <cmath>
#include <tuple>

#include "engine/bytes.h"
#include "net/codec/codec.h"
#include "net/length_prefix.h"
#include "net/whole_number.h"

namespace edge::net {

using nlohmann::json;

std::size_t OutgoingFrame::bytes() const {
  std::size_t sum = 0;
  for (const auto& [number, elements] : arrays) sum += elements.bytes();
  return sum;
}

std::vector<std::byte> pack_frame(const FramePayload& payload) {
  std::vector<std::byte> bytes;
  bytes.reserve(sizeof payload.sequence + sizeof(std::uint32_t) + payload.header.size() +
                payload.arrays.size());
  bytes.resize(sizeof payload.sequence);
  store_little_endian(bytes.data(), payload.sequence);
  append_prefixed(bytes, payload.header);
  bytes.insert(bytes.end(), payload.arrays.begin(), payload.arrays.end());
  return bytes;
}

FramePayload parse_frame(const Message& message) {
  FramePayload payload;
  const std::span<const std::byte> bytes = message.payload;
  if (bytes.size() < sizeof payload.sequence) throw ConnectionLost("it sent a truncated message");
  payload.sequence = load_little_endian<std::uint64_t>(bytes.data());
  std::tie(payload.header, payload.arrays) = split_prefixed(bytes.subspan(sizeof payload.sequence));
  return payload;
}

std::size_t max_frame_payload(std::span<const ArraySpec> arrays) {
  std::size_t sum = max_control_bytes;  // the header
  for (const ArraySpec& array : arrays) sum += max_encoded_bytes(array.type, array.shape);
  return sum;
}

Message pack(MessageType type, std::uint64_t frame, const Acknowledgement& acknowledgement) {
  return {.type = type,
          .frame = frame,
          .payload = to_cbor({{"sequence", acknowledgement.sequence},
                              {"held_s", acknowledgement.held_s},
                              {"decompress_bytes_per_s", acknowledgement.decompress_bytes_per_s}})};
}

Acknowledgement parse_acknowledgement(const Message& message) {
  constexpr double longest_s = 1e6;
  try {
    const json value = from_cbor(message.payload);
    const Acknowledgement acknowledgement{
        .sequence = whole_number<std::uint64_t>(value.at("sequence")),
        .held_s = value.at("held_s").get<double>(),
        .decompress_bytes_per_s = value.at("decompress_bytes_per_s").get<double>()};
    if (!(acknowledgement.held_s >= 0 && acknowledgement.held_s < longest_s &&
          acknowledgement.decompress_bytes_per_s >= 0 &&
          std::isfinite(acknowledgement.decompress_bytes_per_s))) {
      throw ConnectionLost("it sent an impossible acknowledgement");
    }
    return acknowledgement;
  } catch (const json::exception&) {
    throw ConnectionLost("it sent a malformed acknowledgement");
  }
}

}  // namespace edge::net
