#include "net/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>

#include "engine/error_line.h"

namespace edge::net {

using std::chrono::steady_clock;

namespace {

/// What a queued message costs.
std::size_t memory_of(const Message& message) {
  return sizeof(Message) + message.payload.size();
}

/// Whether somebody begins a TLS handshake: a record of that type, of version 3.x.
bool is_tls(std::span<const std::byte> bytes) {
  return bytes[0] == std::byte{22} && bytes[1] == std::byte{3};
}

/// TLS' fatal alert unknown_psk_identity, which tells a caller with a secret that there is none here.
constexpr std::array<std::byte, 7> no_secret_alert = {
    std::byte{21}, std::byte{3}, std::byte{3}, std::byte{0}, std::byte{2}, std::byte{2}, std::byte{115}};

std::string seconds_text(steady_clock::duration duration) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

}  // namespace

Connection::Connection(std::shared_ptr<Transport> transport, ConnectionOptions options, std::string peer)
    : transport_(std::move(transport)),
      options_(std::move(options)),
      peer_(std::move(peer)),
      queue_changed_(transport_->executor()),
      watch_timer_(transport_->executor()),
      heartbeat_(options_.heartbeat),
      last_sent_(steady_clock::now()),
      last_received_(last_sent_) {}

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
      transport_->executor(), [self = shared_from_this()] { return self->write_queue(); }, ended);
  asio::co_spawn(
      transport_->executor(), [self = shared_from_this()] { return self->watch(); }, ended);
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
    std::string lost = "it closed the connection";
    std::size_t count = 0;
    try {
      count = co_await transport_->read_some(bytes.subspan(done));
    } catch (const ConnectionLost& error) {
      lost = error.what();
    }
    if (closed_) throw ConnectionLost(close_reason_);
    if (count == 0) {
      close_now(lost);
      throw ConnectionLost(lost);
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
  if (!known_ && is_tls(bytes)) {
    transport_->write_last_words(no_secret_alert);
    throw ConnectionLost(
        "it has a secret, this device has none: copy the secret file here and name it under [net] "
        "secret_file, or "
        "remove it from the config there");
  }
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
  asio::post(transport_->executor(), [self = shared_from_this(), message = std::move(message)]() mutable {
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
  asio::post(transport_->executor(), [self = shared_from_this()] { self->close_now("closed here"); });
}

void Connection::close_after_sending() {
  asio::post(transport_->executor(), [self = shared_from_this()] {
    self->closing_ = true;
    self->queue_changed_.cancel();
  });
}

void Connection::leave(const std::string& verb) {
  if (!closed_ && !closing_ && !writing_ && queue_.empty()) {
    const Message message = farewell_message(verb);
    const auto header = pack_header(message);
    std::vector<std::byte> bytes(header.begin(), header.end());
    bytes.insert(bytes.end(), message.payload.begin(), message.payload.end());
    transport_->write_last_words(bytes);
  }
  close_now("closed here");
}

void Connection::close_now(const std::string& reason) {
  if (closed_) return;
  closed_ = true;
  close_reason_ = reason;
  transport_->close();
  queue_.clear();
  queue_bytes_ = 0;
  queue_changed_.cancel();
  watch_timer_.cancel();
}

asio::awaitable<void> Connection::write_queue() {
  while (!closed_) {
    if (queue_.empty()) {
      if (closing_) {
        // Let the peer read what was written: it answers a half-closed connection by closing it.
        departure_due_ = steady_clock::now() + longest_transfer(transport_->unsent_bytes());
        co_await transport_->finish();
        departure_due_ = TimePoint::max();
        if (closed_) co_return;
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
    // What was written before and has not yet arrived goes first.
    departure_due_ =
        steady_clock::now() + longest_transfer(transport_->unsent_bytes() + message.payload.size());
    writing_ = true;
    try {
      co_await transport_->write(header, message.payload);
    } catch (const ConnectionLost& error) {
      close_now(error.what());
    }
    writing_ = false;
    departure_due_ = TimePoint::max();
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
    if (const std::string reason = why_too_slow(now); !reason.empty()) close_now(reason);
  }
}

std::string Connection::why_too_slow(TimePoint now) const {
  if (now > departure_due_) return "it does not take what it is sent";
  if (!reading_) return {};
  if (now - std::max(last_received_, transport_->last_arrival()) > options_.timeout) {
    return fmt::format("silent for {}", seconds_text(options_.timeout));
  }
  const TimePoint began = transport_->piece_began();
  if (now > arrival_due_ ||
      (began != TimePoint::max() && now > began + longest_transfer(Transport::longest_piece))) {
    return "a message that it began did not come to its end in time";
  }
  return {};
}

}  // namespace edge::net
