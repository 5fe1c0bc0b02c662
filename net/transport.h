// What a Connection sends and receives its bytes with: a TCP socket as it is, or TLS over it. Which of the
// two is decided by whether there is a secret. Lives on its io_context's thread.
//
// TLS is not asio::ssl::stream: that writes each buffer of a gathered write as a record of its own, copies
// ciphertext once more in each direction, takes some 70 kB for each stranger, cannot write a last word
// without waiting, and cannot be tested without sockets, which TlsSession can.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "net/tls_session.h"

namespace edge::net {

/// One reader and one writer at a time. What fails throws ConnectionLost. After close() whatever waits does
/// so soon.
class Transport {
 public:
  using Side = TlsSession::Side;
  using TimePoint = std::chrono::steady_clock::time_point;
  /// What is read before it is known that the other side has the secret.
  static constexpr std::size_t most_handshake_bytes = 8192;
  /// A piece of a message that is handed on only when all of it is there is no longer than this.
  static constexpr std::size_t longest_piece = TlsSession::record_bytes + 256;

  explicit Transport(asio::ip::tcp::socket socket);
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Before anything else, and once. Throws SecretMismatch, too.
  virtual asio::awaitable<void> handshake() = 0;
  /// The other side has shown something that no stranger can make: it should get its time.
  virtual bool is_promising() const { return false; }
  /// At least one byte; 0: the other side has ended its half.
  virtual asio::awaitable<std::size_t> read_some(std::span<std::byte> bytes) = 0;
  /// All of `head`, then of `body`.
  virtual asio::awaitable<void> write(std::span<const std::byte> head, std::span<const std::byte> body) = 0;
  /// Ends our half, behind all that was written.
  virtual asio::awaitable<void> finish() = 0;
  /// While nothing is being written: what of it can go at once, and then the end of our half.
  virtual void write_last_words(std::span<const std::byte> bytes) = 0;

  void close();
  asio::any_io_executor executor() { return socket_.get_executor(); }
  /// What the peer's system has not confirmed yet.
  std::size_t unsent_bytes();
  /// When bytes came last, of whatever kind.
  TimePoint last_arrival() const { return last_arrival_; }
  /// When the first bytes came of a piece that could not be handed on yet; max(): there is none.
  TimePoint piece_began() const { return piece_began_; }

 protected:
  /// From the socket. 0: its end.
  asio::awaitable<std::size_t> read_socket(std::span<std::byte> bytes);
  void send_at_once(std::span<const std::byte> bytes);
  /// Ends our half, and takes what has come: closing a socket with unread bytes would make the other side
  /// forget what it was told.
  void end_politely();

  asio::ip::tcp::socket socket_;
  TimePoint last_arrival_;
  TimePoint piece_began_ = TimePoint::max();
};

/// `tls`: null without a secret.
std::shared_ptr<Transport> make_transport(asio::ip::tcp::socket socket, Transport::Side side,
                                          const std::shared_ptr<const TlsContext>& tls);

/// handshake(), which has this long. Throws ConnectionLost, SecretMismatch.
asio::awaitable<void> handshake_within(std::shared_ptr<Transport> transport,
                                       std::chrono::milliseconds timeout);

/// "10.0.0.7:7701" or "[::1]:7701"; "?" if the socket is not connected.
std::string remote_address(const asio::ip::tcp::socket& socket);

}  // namespace edge::net
