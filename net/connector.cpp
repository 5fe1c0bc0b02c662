#include "net/connector.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "engine/error_line.h"

namespace edge::net {

using asio::ip::tcp;
using std::chrono::steady_clock;

Connector::Connector(asio::io_context& context, Options options, Handlers handlers)
    : context_(context),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      pause_(context),
      jitter_(static_cast<std::mt19937::result_type>(new_instance())) {}

void Connector::start() {
  asio::co_spawn(
      context_, [this] { return run(); }, asio::detached);
}

void Connector::stop() {
  asio::post(context_, [this] {
    stopped_ = true;
    pause_.cancel();
    if (connection_) connection_->close();
  });
}

void Connector::hold(bool held) {
  if (held_ == held) return;
  held_ = held;
  refusal_.clear();  // whoever wants the connection next shall hear of it, too
  pause_.cancel();
  if (held && connection_) connection_->leave("waits for its turn");
}

void Connector::leave(const std::string& verb) {
  stopped_ = true;
  pause_.cancel();
  if (connection_) connection_->leave(verb);
}

std::string Connector::peer() const {
  const bool v6 = options_.host.find(':') != std::string::npos;
  Identity called{.role = options_.hello.wanted_role, .index = options_.hello.wanted_index};
  const bool both =
      options_.hello.identity.role == "master";  // it has a control connection to the same worker, too
  const char* purpose = both && options_.hello.purpose == Purpose::link ? "link to " : "";
  return fmt::format("{}{} at {}{}{}:{}", purpose, called.name(), v6 ? "[" : "", options_.host, v6 ? "]" : "",
                     options_.port);
}

asio::awaitable<void> Connector::run() {
  auto pause = options_.first_pause;
  while (!stopped_) {
    co_await wait_while_held();
    if (stopped_) co_return;
    const auto began = steady_clock::now();
    std::string reason;
    try {
      co_await connect_once();
    } catch (const Refused& refused) {
      reason = "it refused";
      tell_refusal(fmt::format("{} refused: {}", peer(), refused.what()));
    } catch (const VersionMismatch& mismatch) {
      reason = "it speaks another version";
      tell_refusal(fmt::format("{}: {}", peer(), mismatch.what()));
    } catch (const SecretMismatch& mismatch) {
      reason = told_of_mismatch(mismatch.what());
    } catch (const PeerBusy& busy) {
      reason = busy.what();
      tell_busy(true);
    } catch (const Error& error) {
      reason = error.what();
      tell_busy(false);
    } catch (const std::exception& error) {  // whatever it was: a session that ends is no reason to stop
      reason = line_of(error);
      spdlog::error("gave up the connection to {}: {}", peer(), reason);
    }
    connection_.reset();
    if (stopped_) co_return;
    if (held_) continue;
    if (handlers_.waiting) {
      handlers_.waiting(reason);
    } else {
      say_waiting(reason);
    }
    if (steady_clock::now() - began > std::chrono::seconds(5)) {
      pause = options_.first_pause;
      refusal_.clear();
    }
    co_await wait(pause);
    pause = std::min(pause * 2, options_.longest_pause);
  }
}

// Half to all of the pause, so that devices that lost the same peer do not all come back at once.
asio::awaitable<void> Connector::wait(std::chrono::milliseconds pause) {
  std::uniform_real_distribution<double> part(0.5, 1.0);
  pause_.expires_after(std::chrono::duration_cast<steady_clock::duration>(pause * part(jitter_)));
  asio::error_code ignored;
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Connector::wait_while_held() {
  while (held_ && !stopped_) {
    pause_.expires_at(steady_clock::time_point::max());  // hold() and stop() cancel it
    asio::error_code ignored;
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

void Connector::tell_busy(bool busy) const {
  if (handlers_.busy) handlers_.busy(busy);
}

void Connector::tell_refusal(const std::string& refusal) {
  if (refusal != refusal_) handlers_.refused(refusal_ = refusal);
}

// Anybody on the way can claim that secrets differ: once the peer was there, that is believed no more, or it
// would be a way to end a run.
std::string Connector::told_of_mismatch(const std::string& reason) {
  if (!was_welcome_) tell_refusal(fmt::format("{} refused: {}", peer(), reason));
  tell_busy(false);
  return reason;
}

void Connector::say_waiting(const std::string& reason) {
  constexpr std::chrono::seconds reminder{30};
  const auto now = steady_clock::now();
  if (now < say_waiting_at_) return;
  say_waiting_at_ = now + reminder;
  spdlog::info("waiting for {} ({})", peer(), reason);
}

asio::awaitable<std::shared_ptr<Connection>> Connector::open() {
  tcp::resolver resolver(context_);
  auto socket = std::make_shared<tcp::socket>(context_);
  // A host that does not answer at all would hold the attempt for minutes.
  auto expired = std::make_shared<asio::steady_timer>(context_, options_.connection.timeout);
  auto timed_out = std::make_shared<bool>(false);
  expired->async_wait([socket, expired, timed_out](asio::error_code error) {
    if (error) return;
    *timed_out = true;
    asio::error_code ignored;
    socket->close(ignored);
  });
  asio::error_code error;
  const auto endpoints = co_await resolver.async_resolve(options_.host, std::to_string(options_.port),
                                                         asio::redirect_error(asio::use_awaitable, error));
  if (!error && !*timed_out) {
    co_await asio::async_connect(*socket, endpoints, asio::redirect_error(asio::use_awaitable, error));
  }
  expired->cancel();
  if (*timed_out) throw ConnectionLost("no answer");
  if (error) throw ConnectionLost(error.message());
  const auto transport = make_transport(std::move(*socket), Transport::Side::client, options_.connection.tls);
  co_await handshake_within(transport, options_.connection.timeout);
  co_return std::make_shared<Connection>(transport, options_.connection, peer());
}

asio::awaitable<void> Connector::connect_once() {
  connection_ = co_await open();
  if (stopped_ || held_) co_return;
  const auto connection = connection_;
  connection->start();
  // However the session ends, the peer must not go on with a connection that nobody serves.
  struct Close {
    Connection& connection;
    ~Close() { connection.close(); }
  } close{*connection};
  co_await talk(connection);
}

asio::awaitable<void> Connector::talk(std::shared_ptr<Connection> connection) {
  Hello hello = options_.hello;
  hello.timeout = options_.connection.timeout;
  connection->send(pack(hello));
  const Message answer = (co_await connection->receive()).message;
  if (answer.type == MessageType::refusal) {
    const Refusal refusal = parse_refusal(answer);
    if (refusal.final) throw Refused(refusal.reason);
    throw PeerBusy(refusal.reason);
  }
  const Welcome welcome = parse_welcome(answer);
  connection->set_peer_timeout(welcome.timeout);
  was_welcome_ = true;
  spdlog::info("connected to {}", peer());
  say_waiting_at_ = {};
  tell_busy(false);
  co_await handlers_.session(connection, welcome);
  throw ConnectionLost("the connection ended");
}

}  // namespace edge::net
