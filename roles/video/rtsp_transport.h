// How an RTSP camera sends its pictures.
#pragma once

#include <cstdint>

namespace edge {

enum class RtspTransport : std::uint8_t {
  automatic,  ///< over TCP, and over UDP if the camera refuses that
  tcp,
  udp
};

}  // namespace edge
