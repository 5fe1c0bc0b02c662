// What the parts of a link spend their time with, for traces.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace edge::net {

/// Something that was done for a frame.
struct TimeSpent {
  /// receive: the message's bytes arrived. decode, encode: on the thread that does it. transfer: from handing
  /// a message over to the network until it was there, seen from the sender.
  enum class What : std::uint8_t { receive, decode, encode, transfer };
  What what = What::receive;
  std::uint64_t frame = 0;
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point end;
};

/// Called on the thread that did it, after it was done; must return soon. Empty: nobody looks.
using TimeObserver = std::function<void(const TimeSpent&)>;

}  // namespace edge::net
