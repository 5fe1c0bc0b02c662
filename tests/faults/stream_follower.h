// Where messages begin and end in a stream of bytes: edge's own, or the records of TLS. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace edge::faults {

/// A message of net/message.h, or a record of TLS.
struct Unit {
  std::size_t header = 0;  ///< bytes
  std::size_t total = 0;
};

class StreamFollower {
 public:
  /// The next bytes of the stream. Returns how many of them belong together: to the message that has begun,
  /// or to the new one that `begun` then tells of. 0: the header is not complete, come again with more.
  std::size_t next(std::span<const std::byte> bytes);
  std::optional<Unit> begun() const { return begun_; }

 private:
  std::optional<Unit> begun_;  ///< by the last call
  std::size_t left_ = 0;       ///< of the present message
  bool lost_ = false;          ///< neither of both protocols
};

}  // namespace edge::faults
