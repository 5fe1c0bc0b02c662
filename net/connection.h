// One connection that carries messages, over TCP or TLS (net/transport.h): framing, heartbeats, time-outs.
// Lives on its io_context's thread; send() and close() may be called from any thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "net/message.h"
#include "net/transport.h"

namespace edge::net {

struct ConnectionOptions {
  std::chrono::milliseconds heartbeat{1000};  ///< sent after that long without another message
  std::chrono::milliseconds timeout{5000};    ///< a peer that sends no byte for so long is lost
  /// A message, once begun, must be through within `timeout` and the time that its bytes take at this rate,
  /// in either direction: whatever else the peer does, a connection does not hang.
  double slowest_bytes_per_s = 10e3;
  /// How both sides prove that they know the chain's secret, and encrypt. Null: plain TCP.
  std::shared_ptr<const TlsContext> tls = {};
};

struct Received {
  Message message;
  /// From the header's arrival to the last byte of the payload.
  std::chrono::steady_clock::duration transfer{};
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// What may wait to be written, by default: a peer that does not read its answers costs no more memory.
  static constexpr std::size_t default_queue_bytes = std::size_t{64} << 20;

  /// `transport`: its handshake is done. `peer` is how messages call the other side ("worker 1 at
  /// 10.0.0.7:7701").
  Connection(std::shared_ptr<Transport> transport, ConnectionOptions options, std::string peer);

  /// Begins to write and to send heartbeats. Call once, on the io_context's thread.
  void start();
  /// The next message that is not a heartbeat. One caller at a time. Throws ConnectionLost, PeerLeft if the
  /// peer took its leave, std::bad_alloc if there is no memory for the payload; the connection is closed
  /// then.
  asio::awaitable<Received> receive();
  /// Queues a message. If more than the queue's bytes wait behind others, the connection is closed instead.
  void send(Message message);
  /// Closes at once; receive() throws.
  void close();
  /// Closes when everything queued so far was written.
  void close_after_sending();
  /// On the io_context's thread: says farewell, if that can be written at this moment (nothing else is being
  /// written), and closes. For a process that ends.
  void leave(const std::string& verb);

  /// Payloads above this are refused. At first max_control_bytes.
  void set_max_payload(std::size_t bytes) { max_payload_ = bytes; }
  /// One message may always wait, of any size.
  void set_max_queue(std::size_t bytes) { max_queue_bytes_ = bytes; }
  /// The peer takes us for lost after so long a silence: heartbeats come at least three times in it.
  void set_peer_timeout(std::chrono::milliseconds timeout);
  void set_peer(std::string peer) { peer_ = std::move(peer); }
  const std::string& peer() const { return peer_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  asio::awaitable<void> write_queue();
  asio::awaitable<void> watch();
  asio::awaitable<void> read(std::span<std::byte> bytes);
  asio::awaitable<Received> receive_one();
  void enqueue(Message message);
  void close_now(const std::string& reason);
  std::string why_too_slow(TimePoint now) const;
  std::chrono::steady_clock::duration longest_transfer(std::size_t bytes) const;

  const std::shared_ptr<Transport> transport_;
  ConnectionOptions options_;
  std::string peer_;
  std::size_t max_payload_ = max_control_bytes;
  std::deque<Message> queue_;
  std::size_t queue_bytes_ = 0;
  std::size_t max_queue_bytes_ = default_queue_bytes;
  asio::steady_timer queue_changed_;
  asio::steady_timer watch_timer_;
  std::chrono::milliseconds heartbeat_;
  TimePoint last_sent_;
  TimePoint last_received_;
  TimePoint arrival_due_ = TimePoint::max();    ///< of the message that is being received
  TimePoint departure_due_ = TimePoint::max();  ///< of the message that is being written
  bool reading_ = false;
  bool writing_ = false;
  bool known_ = false;  ///< a message came: the peer speaks our protocol
  bool closed_ = false;
  bool closing_ = false;
  std::string close_reason_;
};

}  // namespace edge::net
