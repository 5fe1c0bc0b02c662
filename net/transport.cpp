#include "net/transport.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "net/tls_transport.h"

namespace edge::net {

using asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

class PlainTransport final : public Transport {
 public:
  using Transport::Transport;

  asio::awaitable<void> handshake() override { co_return; }
  asio::awaitable<std::size_t> read_some(std::span<std::byte> bytes) override { return read_socket(bytes); }
  asio::awaitable<void> write(std::span<const std::byte> head, std::span<const std::byte> body) override {
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head.data(), head.size()),
                                                       asio::buffer(body.data(), body.size())};
    asio::error_code error;
    co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
    if (error) throw ConnectionLost(error.message());
  }
  asio::awaitable<void> finish() override {
    asio::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }
  void write_last_words(std::span<const std::byte> bytes) override {
    send_at_once(bytes);
    end_politely();
  }
};

}  // namespace

Transport::Transport(tcp::socket socket) : socket_(std::move(socket)), last_arrival_(steady_clock::now()) {
  asio::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
}

void Transport::close() {
  asio::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

std::size_t Transport::unsent_bytes() {
  int bytes = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

asio::awaitable<std::size_t> Transport::read_socket(std::span<std::byte> bytes) {
  asio::error_code error;
  const std::size_t count = co_await socket_.async_read_some(
      asio::buffer(bytes.data(), bytes.size()), asio::redirect_error(asio::use_awaitable, error));
  if (error == asio::error::eof) co_return 0;
  if (error) throw ConnectionLost(error.message());
  last_arrival_ = steady_clock::now();
  co_return count;
}

void Transport::send_at_once(std::span<const std::byte> bytes) {
  // If the socket has no room for these few bytes, the peer will do without.
  [[maybe_unused]] const auto sent =
      ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Transport::end_politely() {
  asio::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  std::array<std::byte, 4096> unread{};
  constexpr int most = 16;
  for (int i = 0; i < most; ++i) {
    if (::recv(socket_.native_handle(), unread.data(), unread.size(), MSG_DONTWAIT) <= 0) return;
  }
}

std::shared_ptr<Transport> make_transport(tcp::socket socket, Transport::Side side,
                                          const std::shared_ptr<const TlsContext>& tls) {
  if (tls) return std::make_shared<TlsTransport>(std::move(socket), side, tls);
  return std::make_shared<PlainTransport>(std::move(socket));
}

asio::awaitable<void> handshake_within(std::shared_ptr<Transport> transport,
                                       std::chrono::milliseconds timeout) {
  const auto expired = std::make_shared<asio::steady_timer>(transport->executor(), timeout);
  const auto timed_out = std::make_shared<bool>(false);
  expired->async_wait([transport, expired, timed_out](asio::error_code error) {
    if (error) return;
    *timed_out = true;
    transport->close();
  });
  struct Disarm {
    asio::steady_timer& timer;
    ~Disarm() { timer.cancel(); }
  } disarm{*expired};
  try {
    co_await transport->handshake();
  } catch (const ConnectionLost&) {
    if (!*timed_out) throw;
  }
  if (!*timed_out) co_return;
  throw ConnectionLost(fmt::format("it did not show within {:.1f} s that it knows the secret",
                                   std::chrono::duration<double>(timeout).count()));
}

std::string remote_address(const tcp::socket& socket) {
  asio::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "?";
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), endpoint.port())
                         : fmt::format("{}:{}", address.to_string(), endpoint.port());
}

}  // namespace edge::net
