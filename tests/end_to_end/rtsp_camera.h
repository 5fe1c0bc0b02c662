// A small RTSP camera for tests: H.264 over TCP or UDP, with or without a password.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "roles/process/event_flag.h"
#include "roles/process/file_descriptor.h"

namespace edge::test {

struct RtspCameraOptions {
  int frames = 20;  ///< of each connection; then it is closed
  double frames_per_second = 20;
  bool udp_only = false;         ///< refuses TCP with status 461
  std::string credentials = {};  ///< "user:password"; empty: none are asked for
  std::uint16_t port = 0;        ///< 0: a free one
};

/// Serves one client after the other, on a thread of its own, until it is destroyed.
class RtspCamera {
 public:
  /// `h264`: an elementary stream, one slice per picture; it is repeated.
  RtspCamera(const std::string& h264, RtspCameraOptions options);
  ~RtspCamera();
  RtspCamera(const RtspCamera&) = delete;
  RtspCamera& operator=(const RtspCamera&) = delete;

  std::uint16_t port() const { return port_; }
  /// "rtsp://CREDENTIALS@127.0.0.1:PORT/stream".
  std::string address(const std::string& credentials = {}) const;
  /// When the frames of all connections were sent.
  std::vector<std::chrono::steady_clock::time_point> sent() const;

 private:
  struct Frame {
    std::vector<std::string> nals;
  };
  void serve_all();
  void serve(int client);
  bool send_frames(int client, int udp);
  bool pause(std::chrono::milliseconds time) const;

  const RtspCameraOptions options_;
  std::string parameter_sets_;  // for the session's description
  std::vector<Frame> frames_;
  edge::FileDescriptor listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::chrono::steady_clock::time_point> sent_;
  edge::EventFlag stop_;
  std::thread thread_;
};

}  // namespace edge::test
