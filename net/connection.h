// One TCP connection that carries messages: framing, heartbeats, time-outs. Lives on its io_context's thread;
// send() and close() may be called from any thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "net/message.h"

namespace edge::net {

struct ConnectionOptions {
  std::chrono::milliseconds heartbeat{1000};  ///< sent after that long without another message
  std::chrono::milliseconds timeout{5000};    ///< a peer that sends no byte for so long is lost
};

struct Received {
  Message message;
  /// From the header's arrival to the last byte of the payload.
  std::chrono::steady_clock::duration transfer{};
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `peer` is how messages call the other side ("worker 1 at 10.0.0.7:7701").
  Connection(asio::ip::tcp::socket socket, ConnectionOptions options, std::string peer);

  /// Begins to write and to send heartbeats. Call once, on the io_context's thread.
  void start();
  /// The next message that is not a heartbeat. One caller at a time. Throws ConnectionLost.
  asio::awaitable<Received> receive();
  /// Queues a message. How much may wait is the caller's affair (a link's window bounds it).
  void send(Message message);
  /// Closes at once; receive() throws.
  void close();
  /// Closes when everything queued so far was written.
  void close_after_sending();

  /// Payloads above this are refused. At first max_control_bytes.
  void set_max_payload(std::size_t bytes) { max_payload_ = bytes; }
  void set_peer(std::string peer) { peer_ = std::move(peer); }
  const std::string& peer() const { return peer_; }

 private:
  asio::awaitable<void> write_queue();
  asio::awaitable<void> watch();
  asio::awaitable<void> read(std::span<std::byte> bytes);
  void close_now(const std::string& reason);

  asio::ip::tcp::socket socket_;
  ConnectionOptions options_;
  std::string peer_;
  std::size_t max_payload_ = max_control_bytes;
  std::deque<Message> queue_;
  asio::steady_timer queue_changed_;
  asio::steady_timer watch_timer_;
  std::chrono::steady_clock::time_point last_sent_;
  std::chrono::steady_clock::time_point last_received_;
  bool reading_ = false;
  bool closed_ = false;
  bool closing_ = false;
  std::string close_reason_;
};

/// "10.0.0.7:7701" or "[::1]:7701"; "?" if the socket is not connected.
std::string remote_address(const asio::ip::tcp::socket& socket);

}  // namespace edge::net
