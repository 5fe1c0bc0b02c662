// A TLS session over a socket. Lives on its io_context's thread. Internal to net/transport.cpp.
#pragma once

#include <optional>
#include <vector>

#include "net/transport.h"

namespace edge::net {

class TlsTransport final : public Transport {
 public:
  TlsTransport(asio::ip::tcp::socket socket, Side side, std::shared_ptr<const TlsContext> context);

  asio::awaitable<void> handshake() override;
  bool is_promising() const override { return session_ && session_->is_promising(); }
  asio::awaitable<std::size_t> read_some(std::span<std::byte> bytes) override;
  asio::awaitable<void> write(std::span<const std::byte> head, std::span<const std::byte> body) override;
  asio::awaitable<void> finish() override;
  void write_last_words(std::span<const std::byte> bytes) override;

 private:
  asio::awaitable<void> flush();
  bool advance_handshake();
  void look_at_first_bytes(std::span<const std::byte> bytes);

  const Side side_;
  const std::shared_ptr<const TlsContext> context_;
  std::optional<TlsSession> session_;  ///< the server's begins with the first bytes that look like TLS
  std::vector<std::byte> input_;
  std::vector<std::byte> in_flight_;
  std::vector<std::byte> first_record_;
  bool flushing_ = false;
};

}  // namespace edge::net
