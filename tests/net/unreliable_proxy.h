// A TCP proxy on the loopback interface that cuts connections after a given number of forwarded bytes.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace edge::net {

/// Lives on the io_context's thread.
class UnreliableProxy {
 public:
  /// `next_cut()` gives the bytes towards the target after which the next connection is cut.
  UnreliableProxy(asio::io_context& context, std::uint16_t target_port, std::function<std::size_t()> next_cut)
      : context_(context),
        acceptor_(context, {asio::ip::address_v4::loopback(), 0}),
        target_(asio::ip::address_v4::loopback(), target_port),
        next_cut_(std::move(next_cut)) {
    asio::co_spawn(
        context_, [this] { return accept(); }, asio::detached);
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int connections() const { return connections_; }

 private:
  using Socket = std::shared_ptr<asio::ip::tcp::socket>;

  asio::awaitable<void> accept() {
    for (;;) {
      asio::error_code error;
      auto client = std::make_shared<asio::ip::tcp::socket>(
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error)));
      if (error) co_return;
      auto target = std::make_shared<asio::ip::tcp::socket>(context_);
      co_await target->async_connect(target_, asio::redirect_error(asio::use_awaitable, error));
      if (error) continue;
      ++connections_;
      const std::size_t cut = next_cut_();
      asio::co_spawn(
          context_, [=] { return forward(client, target, cut); }, asio::detached);
      asio::co_spawn(
          context_, [=] { return forward(target, client, SIZE_MAX); }, asio::detached);
    }
  }

  static asio::awaitable<void> forward(Socket from, Socket to, std::size_t limit) {
    std::vector<std::byte> buffer(4096);
    asio::error_code error;
    std::size_t total = 0;
    while (!error && total < limit) {
      const std::size_t count = co_await from->async_read_some(
          asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      const std::size_t allowed = std::min(count, limit - total);
      co_await asio::async_write(*to, asio::buffer(buffer.data(), allowed),
                                 asio::redirect_error(asio::use_awaitable, error));
      total += count;
    }
    from->close(error);
    to->close(error);
  }

  asio::io_context& context_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ip::tcp::endpoint target_;
  std::function<std::size_t()> next_cut_;
  int connections_ = 0;
};

}  // namespace edge::net
