#include "tests/faults/stream_follower.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/bytes.h"
#include "net/message.h"

namespace edge::faults {
namespace {

constexpr std::size_t record_header_bytes = 5;

bool begins_a_record(std::byte type) {
  constexpr int first = 20;  // change_cipher_spec
  constexpr int last = 23;   // application_data
  const int value = std::to_integer<int>(type);
  return value >= first && value <= last;
}

}  // namespace

std::size_t StreamFollower::next(std::span<const std::byte> bytes) {
  begun_.reset();
  if (lost_ || bytes.empty()) return bytes.size();
  if (left_ == 0) {
    constexpr std::size_t length_at = 16;
    Unit unit{.header = begins_a_record(bytes[0]) ? record_header_bytes : net::header_bytes};
    if (unit.header == net::header_bytes && bytes[0] != std::byte{'E'}) {
      lost_ = true;
      return bytes.size();
    }
    if (bytes.size() < unit.header) return 0;
    if (unit.header == record_header_bytes) {
      unit.total = unit.header + (std::to_integer<std::size_t>(bytes[3]) << 8U) +
                   std::to_integer<std::size_t>(bytes[4]);
    } else {
      unit.total = unit.header + load_little_endian<std::uint32_t>(bytes.data() + length_at);
    }
    begun_ = unit;
    left_ = unit.total;
  }
  const std::size_t count = std::min(left_, bytes.size());
  left_ -= count;
  return count;
}

}  // namespace edge::faults
