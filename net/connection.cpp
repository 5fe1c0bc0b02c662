#include "net/connection.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <exception>

#include "engine/error_line.h"

namespace edge::net {

using std::chrono::steady_clock;

namespace {

/// What a queued message costs.
std::size_t memory_of(const Message& message) {
  return sizeof(Message) + message.payload.size();
}

std::string seconds_text(steady_clock::duration duration) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, ConnectionOptions options, std::string peer)
    : socket_(std::move(socket)),
      options_(options),
      peer_(std::move(peer)),
      queue_changed_(socket_.get_executor()),
      watch_timer_(socket_.get_executor()),
      heartbeat_(options.heartbeat),
      last_sent_(steady_clock::now()),
      last_received_(last_sent_) {
  asio::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::start() {
  // The coroutines keep the connection alive until they have seen that it is closed.
  const auto ended = [self = shared_from_this()](const std::exception_ptr& thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      self->close_now(line_of(error));
    }
  };
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->write_queue(); }, ended);
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->watch(); }, ended);
}

void Connection::set_peer_timeout(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds shortest{10};
  heartbeat_ = std::max(shortest, std::min(options_.heartbeat, timeout / 3));
  watch_timer_.cancel();  // it sleeps for half of the old one
}

steady_clock::duration Connection::longest_transfer(std::size_t bytes) const {
  const std::chrono::duration<double> at_slowest(static_cast<double>(bytes) / options_.slowest_bytes_per_s);
  return options_.timeout + std::chrono::duration_cast<steady_clock::duration>(at_slowest);
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
    if (arrival_due_ == TimePoint::max()) arrival_due_ = last_received_ + longest_transfer(bytes.size());
  }
}

asio::awaitable<Received> Connection::receive_one() {
  std::array<std::byte, header_bytes> bytes{};
  co_await read(bytes);
  const auto started = steady_clock::now();
  Header header;
  try {
    header = parse_header(bytes, max_payload_);
  } catch (const VersionMismatch&) {
    if (known_) throw ConnectionLost("a message's header arrived damaged (another version)");
    throw;
  }
  arrival_due_ = started + longest_transfer(header.payload_bytes);
  Received received{
      .message = {.type = header.type, .flags = header.flags, .frame = header.frame, .payload = {}}};
  received.message.payload.resize(header.payload_bytes);
  co_await read(received.message.payload);
  check_crc(header, bytes, received.message.payload);
  arrival_due_ = TimePoint::max();
  known_ = true;
  received.transfer = steady_clock::now() - started;
  co_return received;
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
  try {
    for (;;) {
      Received received = co_await receive_one();
      if (received.message.type == MessageType::farewell) throw parse_farewell(received.message);
      if (received.message.type != MessageType::heartbeat) co_return received;
    }
  } catch (const std::exception& error) {
    close_now(line_of(error));
    throw;
  }
}

void Connection::send(Message message) {
  asio::post(socket_.get_executor(), [self = shared_from_this(), message = std::move(message)]() mutable {
    if (!self->closed_ && !self->closing_) self->enqueue(std::move(message));
  });
}

void Connection::enqueue(Message message) {
  const std::size_t bytes = memory_of(message);
  if (!queue_.empty() && queue_bytes_ + bytes > max_queue_bytes_) {
    close_now(fmt::format("it does not read what it is sent: {} bytes wait", queue_bytes_));
    return;
  }
  queue_.push_back(std::move(message));
  queue_bytes_ += bytes;
  queue_changed_.cancel();
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

void Connection::leave(const std::string& verb) {
  if (!closed_ && !writing_ && queue_.empty()) {
    const Message message = farewell_message(verb);
    const auto header = pack_header(message);
    std::vector<std::byte> bytes(header.begin(), header.end());
    bytes.insert(bytes.end(), message.payload.begin(), message.payload.end());
    // If the socket has no room for these few bytes, the peer will do without.
    [[maybe_unused]] const auto sent =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  close_now("closed here");
}

void Connection::close_now(const std::string& reason) {
  if (closed_) return;
  closed_ = true;
  close_reason_ = reason;
  asio::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  queue_.clear();
  queue_bytes_ = 0;
  queue_changed_.cancel();
  watch_timer_.cancel();
}

std::size_t Connection::unsent_bytes() {
  int bytes = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
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
        queue_changed_.expires_at(TimePoint::max());
      }
      asio::error_code ignored;
      co_await queue_changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (closing_ && queue_.empty()) close_now("closed here");
      continue;
    }
    const Message message = std::move(queue_.front());
    queue_.pop_front();
    queue_bytes_ -= memory_of(message);
    const auto header = pack_header(message);
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(header), asio::buffer(message.payload)};
    // What was written before and has not yet arrived goes first.
    departure_due_ = steady_clock::now() + longest_transfer(unsent_bytes() + message.payload.size());
    writing_ = true;
    asio::error_code error;
    co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
    writing_ = false;
    departure_due_ = TimePoint::max();
    if (error) close_now(error.message());
    last_sent_ = steady_clock::now();
  }
}

asio::awaitable<void> Connection::watch() {
  while (!closed_) {
    watch_timer_.expires_after(heartbeat_ / 2);
    asio::error_code ignored;
    co_await watch_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (closed_) co_return;
    const auto now = steady_clock::now();
    if (queue_.empty() && !writing_ && !closing_ && now - last_sent_ >= heartbeat_) {
      last_sent_ = now;
      enqueue(Message{.type = MessageType::heartbeat, .payload = {}});
    }
    if (reading_ && now - last_received_ > options_.timeout) {
      close_now(fmt::format("silent for {}", seconds_text(options_.timeout)));
    } else if (reading_ && now > arrival_due_) {
      close_now("a message that it began did not come to its end in time");
    } else if (now > departure_due_) {
      close_now("it does not take what it is sent");
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
