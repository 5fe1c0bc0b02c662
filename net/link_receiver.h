// The receiving end of a link: decodes frames, keeps what deltas are based on, acknowledges.
#pragma once

#include <asio/awaitable.hpp>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "net/bounded_queue.h"
#include "net/codec/decoder.h"
#include "net/connection.h"
#include "net/handshake.h"
#include "net/line_throttle.h"
#include "net/link_frame.h"
#include "net/time_observer.h"

namespace edge::net {

/// Each sender has one connection; a new one replaces its old one (which may be half open). Several senders
/// may be connected, and measure their links; frames come from one of them at a time, from the last one that
/// began anew (flag_restart) and whose frames are not over. Frames wait in two bounded queues: as they
/// arrived (never more than the window, or the sender broke the protocol) and decoded. A frame is
/// acknowledged when it enters the second, so that a slow consumer slows the sender down. A thread named
/// "receive" decodes. pop() and close() may be called from any thread.
class LinkReceiver {
 public:
  static constexpr int window_frames = 4;
  /// Frames that may have arrived from all senders: their windows, and those of connections that were
  /// replaced.
  static constexpr std::size_t most_arrived = std::size_t{8} * window_frames;

  struct Options {
    std::size_t max_payload = max_control_bytes;  ///< of a frame message
  };
  struct Handlers {
    /// Which arrays follow a frame's header, in their order; nothing if nobody wants the frame any more (of
    /// an epoch that is over): it is acknowledged and dropped. Called on the receiving thread. Throws
    /// ConnectionLost for a header that cannot be: the sender is told ("a frame with ...") and the connection
    /// given up.
    std::function<std::optional<std::vector<ArraySpec>>(std::span<const std::byte> header)> arrays_of;
    /// The receiving thread cannot go on (one line: out of memory ...); it has ended. Called on that thread.
    std::function<void(const std::string& reason)> failed = [](const std::string&) {};
    TimeObserver time_spent = {};
  };

  LinkReceiver(const Options& options, Handlers handlers);
  ~LinkReceiver();  ///< close()s and joins
  LinkReceiver(const LinkReceiver&) = delete;
  LinkReceiver& operator=(const LinkReceiver&) = delete;

  /// A session of the listener: reads until the connection ends. Throws ConnectionLost.
  asio::awaitable<void> serve(std::shared_ptr<Connection> connection, Hello hello);
  /// The next frame in the order of the link; waits. Nothing after close().
  std::optional<IncomingFrame> pop();
  void close();

  /// Forgets all bases, as if this end had been restarted: the next delta is answered with need_full.
  void forget_bases() { forget_bases_ = true; }

 private:
  struct Arrived {
    Received received;
    std::shared_ptr<Connection> connection;
    std::uint64_t session = 0;
    std::uint64_t sender_instance = 0;
    std::chrono::steady_clock::time_point at;
  };
  struct Ready {
    IncomingFrame frame;
    std::chrono::steady_clock::time_point since;
  };

  void run();
  void decode_arrived();
  void give_up(Connection& connection, const std::string& reason);
  void decode_one(const Arrived& arrived);
  bool is_new(const Arrived& arrived, std::uint64_t sequence);
  void tell(TimeSpent::What what, std::uint64_t frame, std::chrono::steady_clock::time_point begin,
            std::chrono::steady_clock::time_point end) const;
  ArrayMap decode_arrays(const Message& message, const FramePayload& payload,
                         const std::vector<ArraySpec>& specs);

  const std::size_t max_payload_;
  const Handlers handlers_;
  BoundedQueue<Arrived> arrived_;
  BoundedQueue<Ready> ready_;
  std::atomic<bool> forget_bases_{false};

  // Only the io_context's thread touches these.
  struct Session {
    std::shared_ptr<Connection> connection;
    std::uint64_t number = 0;
  };
  std::map<std::string, Session> sessions_;  ///< by the sender's name
  std::uint64_t last_session_ = 0;

  // Only the decoding thread touches these.
  Decoder decoder_;
  std::map<int, Base> bases_;
  std::uint64_t decoding_session_ = 0;  ///< whose frames are taken
  bool awaiting_restart_ = true;
  std::set<std::uint64_t> asked_;  ///< other sessions that were asked to begin anew
  std::map<std::uint64_t, std::uint64_t>
      last_sequence_;  ///< by the sender's instance, of the last few senders
  LineThrottle lines_;
  std::thread thread_;
};

}  // namespace edge::net
