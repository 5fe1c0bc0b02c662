#include "net/tls_transport.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "net/handshake.h"

namespace edge::net {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t handshake_input_bytes = 4096;
constexpr std::size_t input_bytes = std::size_t{64} << 10;
/// What is encrypted before it is sent: few system calls, and still in the cache.
constexpr std::size_t batch_bytes = 4 * TlsSession::record_bytes;
constexpr std::byte handshake_record{22};

std::vector<std::byte> bytes_of(const Message& message) {
  const auto header = pack_header(message);
  std::vector<std::byte> bytes(header.begin(), header.end());
  bytes.insert(bytes.end(), message.payload.begin(), message.payload.end());
  return bytes;
}

}  // namespace

TlsTransport::TlsTransport(asio::ip::tcp::socket socket, Side side, std::shared_ptr<const TlsContext> context)
    : Transport(std::move(socket)), side_(side), context_(std::move(context)) {
  if (side == Side::client) session_.emplace(context_, side);
}

asio::awaitable<void> TlsTransport::handshake() {
  if (side_ == Side::client) {
    advance_handshake();
    co_await flush();
  }
  input_.resize(handshake_input_bytes);
  std::size_t total = 0;
  for (bool done = false; !done;) {
    const std::size_t count = co_await read_socket(input_);
    if (count == 0) {
      throw ConnectionLost(total == 0
                               ? "it closed the connection"
                               : "it closed the connection before it had shown that it knows the secret");
    }
    const std::span<const std::byte> bytes(input_.data(), count);
    if (!session_) look_at_first_bytes(bytes);
    total += count;
    session_->feed(bytes);
    done = advance_handshake();
    if (!done && total > most_handshake_bytes) {
      throw ConnectionLost("it sent far more than it takes to show that it knows the secret");
    }
    co_await flush();
  }
}

/// Tells the other side why, if it cannot go on.
bool TlsTransport::advance_handshake() {
  try {
    return session_->handshake();
  } catch (const ConnectionLost&) {
    send_at_once(session_->output());
    end_politely();
    throw;
  }
}

/// Who speaks no TLS is told so in his own language, if that is ours, before any of it is looked at.
void TlsTransport::look_at_first_bytes(std::span<const std::byte> bytes) {
  if (bytes[0] == handshake_record) {
    session_.emplace(context_, side_);
    return;
  }
  const auto& magic = message_magic;
  if (!std::equal(magic.begin(),
                  magic.begin() + static_cast<std::ptrdiff_t>(std::min(magic.size(), bytes.size())),
                  bytes.begin())) {
    end_politely();
    throw ConnectionLost("it speaks neither TLS nor edge's protocol");
  }
  send_at_once(bytes_of(pack(Refusal{
      .reason = "it has a secret, this device has none: copy the secret file here and name it under [net] "
                "secret_file"})));
  end_politely();
  throw SecretMismatch(
      "it has no secret, this device has one: copy the secret file there and name it under [net] "
      "secret_file");
}

asio::awaitable<std::size_t> TlsTransport::read_some(std::span<std::byte> bytes) {
  for (;;) {
    std::size_t count = 0;
    try {
      count = session_->read(bytes);
    } catch (const ConnectionLost&) {
      if (!flushing_) send_at_once(session_->output());
      throw;
    }
    if (count > 0) {
      piece_began_ = TimePoint::max();
      co_return count;
    }
    if (session_->ended()) co_return 0;
    if (input_.size() < input_bytes) input_.resize(input_bytes);  // the session has taken all that it had
    const std::size_t arrived = co_await read_socket(input_);
    if (arrived == 0) co_return 0;
    if (piece_began_ == TimePoint::max()) piece_began_ = last_arrival();
    session_->feed({input_.data(), arrived});
  }
}

asio::awaitable<void> TlsTransport::write(std::span<const std::byte> head, std::span<const std::byte> body) {
  // A header in a record of its own would cost as much as a small message.
  first_record_.assign(head.begin(), head.end());
  const auto beside = body.first(
      std::min(body.size(), TlsSession::record_bytes - std::min(head.size(), TlsSession::record_bytes)));
  first_record_.insert(first_record_.end(), beside.begin(), beside.end());
  session_->write(first_record_);
  body = body.subspan(beside.size());
  for (;;) {
    const auto batch = body.first(std::min(body.size(), batch_bytes));
    session_->write(batch);
    body = body.subspan(batch.size());
    co_await flush();
    if (body.empty()) co_return;
  }
}

asio::awaitable<void> TlsTransport::flush() {
  struct Reset {
    bool& flag;
    ~Reset() { flag = false; }
  } reset{flushing_};
  flushing_ = true;
  while (!session_->output().empty()) {
    in_flight_.clear();
    std::swap(in_flight_, session_->output());  // reading may add to it meanwhile
    asio::error_code error;
    co_await asio::async_write(socket_, asio::buffer(in_flight_),
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) throw ConnectionLost(error.message());
  }
}

asio::awaitable<void> TlsTransport::finish() {
  session_->finish();
  co_await flush();
  asio::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void TlsTransport::write_last_words(std::span<const std::byte> bytes) {
  try {
    session_->write(bytes);
    session_->finish();
  } catch (const ConnectionLost&) {
    return;
  }
  send_at_once(session_->output());
  end_politely();
}

}  // namespace edge::net
