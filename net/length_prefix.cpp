#include "net/length_prefix.h"

#include <cstdint>

#include "engine/bytes.h"
#include "net/message.h"

namespace edge::net {

void append_prefixed(std::vector<std::byte>& payload, std::span<const std::byte> part) {
  append_little_endian(static_cast<std::uint32_t>(part.size()), payload);
  payload.insert(payload.end(), part.begin(), part.end());
}

std::pair<std::span<const std::byte>, std::span<const std::byte>> split_prefixed(
    std::span<const std::byte> payload) {
  if (payload.size() < sizeof(std::uint32_t)) throw ConnectionLost("it sent a truncated message");
  const std::size_t length = load_little_endian<std::uint32_t>(payload.data());
  const std::span<const std::byte> behind = payload.subspan(sizeof(std::uint32_t));
  if (length > behind.size() || length > max_control_bytes) {
    throw ConnectionLost("it sent a message whose header is longer than the message");
  }
  return {behind.first(length), behind.subspan(length)};
}

}  // namespace edge::net
