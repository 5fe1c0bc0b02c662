#include "net/connection.h"

#include <fmt/format.h>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace edge::net {

using std::chrono::steady_clock;

Connection::Connection(asio::ip::tcp::socket socket, ConnectionOptions options, std::string peer)
    : socket_(std::move(socket)),
      options_(options),
      peer_(std::move(peer)),
      queue_changed_(socket_.get_executor()),
      watch_timer_(socket_.get_executor()),
      last_sent_(steady_clock::now()),
      last_received_(last_sent_) {
  asio::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::start() {
  // The coroutines keep the connection alive until they have seen that it is closed.
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->write_queue(); }, asio::detached);
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->watch(); }, asio::detached);
}

asio::awaitable<void> Connection::read(std::span<std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    asio::error_code error;
    const std::size_t count =
        co_await socket_.async_read_some(asio::buffer(bytes.data() + done, bytes.size() - done),
                                         asio::redirect_error(asio::use_awaitable, error));
    if (closed_) throw ConnectionLost(close_reason_);
    if (error) {
      const std::string reason = error == asio::error::eof ? "it closed the connection" : error.message();
      close_now(reason);
      throw ConnectionLost(reason);
    }
    done += count;
    last_received_ = steady_clock::now();
  }
}

asio::awaitable<Received> Connection::receive() {
  const auto self = shared_from_this();
  if (closed_) throw ConnectionLost(close_reason_);
  last_received_ = steady_clock::now();
  reading_ = true;
  struct Reset {
    bool& flag;
    ~Reset() { flag = false; }
  } reset{reading_};
  for (;;) {
    std::array<std::byte, header_bytes> bytes{};
    co_await read(bytes);
    const auto started = steady_clock::now();
    try {
      const Header header = parse_header(bytes, max_payload_);
      Received received{
          .message = {.type = header.type, .flags = header.flags, .frame = header.frame, .payload = {}}};
      received.message.payload.resize(header.payload_bytes);
      co_await read(received.message.payload);
      check_crc(header, bytes, received.message.payload);
      if (header.type == MessageType::heartbeat) continue;
      received.transfer = steady_clock::now() - started;
      co_return received;
    } catch (const ConnectionLost& error) {
      close_now(error.what());
      throw;
    }
  }
}

void Connection::send(Message message) {
  asio::post(socket_.get_executor(), [self = shared_from_this(), message = std::move(message)]() mutable {
    if (self->closed_ || self->closing_) return;
    self->queue_.push_back(std::move(message));
    self->queue_changed_.cancel();
  });
}

void Connection::close() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->close_now("closed here"); });
}

void Connection::close_after_sending() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->closing_ = true;
    self->queue_changed_.cancel();
  });
}

void Connection::close_now(const std::string& reason) {
  if (closed_) return;
  closed_ = true;
  close_reason_ = reason;
  asio::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  queue_.clear();
  queue_changed_.cancel();
  watch_timer_.cancel();
}

asio::awaitable<void> Connection::write_queue() {
  while (!closed_) {
    if (queue_.empty()) {
      if (closing_) {
        // Let the peer read what was written: it answers a half-closed connection by closing it.
        asio::error_code ignored;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        queue_changed_.expires_after(std::chrono::seconds(1));
      } else {
        queue_changed_.expires_at(steady_clock::time_point::max());
      }
      asio::error_code ignored;
      co_await queue_changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (closing_ && queue_.empty()) close_now("closed here");
      continue;
    }
    const Message message = std::move(queue_.front());
    queue_.pop_front();
    const auto header = pack_header(message);
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(header), asio::buffer(message.payload)};
    asio::error_code error;
    co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
    if (error) close_now(error.message());
    last_sent_ = steady_clock::now();
  }
}

asio::awaitable<void> Connection::watch() {
  while (!closed_) {
    watch_timer_.expires_after(options_.heartbeat / 2);
    asio::error_code ignored;
    co_await watch_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (closed_) co_return;
    const auto now = steady_clock::now();
    if (queue_.empty() && !closing_ && now - last_sent_ >= options_.heartbeat) {
      last_sent_ = now;
      queue_.push_back(Message{.type = MessageType::heartbeat, .payload = {}});
      queue_changed_.cancel();
    }
    if (reading_ && now - last_received_ > options_.timeout) {
      close_now(fmt::format("silent for {:.1f} s", std::chrono::duration<double>(options_.timeout).count()));
    }
  }
}

std::string remote_address(const asio::ip::tcp::socket& socket) {
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
