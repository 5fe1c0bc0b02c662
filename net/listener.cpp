#include "net/listener.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "engine/error_line.h"

namespace edge::net {
namespace {

using asio::ip::tcp;

void bind_and_listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  asio::error_code ignored;
  if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), ignored);  // IPv4 as well
  acceptor.bind(endpoint);
  acceptor.listen();
}

tcp::acceptor open_acceptor(asio::io_context& context, const std::string& host, std::uint16_t port) {
  try {
    tcp::acceptor acceptor(context);
    if (host.empty()) {
      try {
        bind_and_listen(acceptor, tcp::endpoint(tcp::v6(), port));
      } catch (const asio::system_error& error) {
        if (error.code() == asio::error::address_in_use) throw;
        acceptor = tcp::acceptor(context);  // a kernel without IPv6
        bind_and_listen(acceptor, tcp::endpoint(tcp::v4(), port));
      }
      return acceptor;
    }
    tcp::resolver resolver(context);
    const auto endpoints = resolver.resolve(host, std::to_string(port), tcp::resolver::passive);
    bind_and_listen(acceptor, *endpoints.begin());
    return acceptor;
  } catch (const asio::system_error& error) {
    const std::string where = fmt::format("{}:{}", host.empty() ? "*" : host, port);
    if (error.code() == asio::error::address_in_use) {
      throw Error(fmt::format(
          "cannot listen on {}: the port is in use; stop the other program or set another address", where));
    }
    throw Error(fmt::format("cannot listen on {}: {}", where, error.code().message()));
  }
}

/// Too many open files, no memory.
bool is_for_want_of_room(asio::error_code error) {
  switch (error.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return true;
    default:
      return false;
  }
}

/// A quarter of the process' descriptors, at most: it needs some for itself.
std::size_t places_for_strangers() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return Listener::most_strangers;
  constexpr std::size_t least = 4;
  return std::clamp(static_cast<std::size_t>(limit.rlim_cur / 4), least, Listener::most_strangers);
}

tcp::acceptor adopt_acceptor(asio::io_context& context, int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw Error(fmt::format("descriptor {} is not a listening socket", descriptor));
  }
  return {context, address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor};
}

}  // namespace

Listener::Listener(asio::io_context& context, const std::string& host, std::uint16_t port, Identity self,
                   int window_frames, ConnectionOptions options, Handlers handlers)
    : context_(context),
      acceptor_(open_acceptor(context, host, port)),
      self_(std::move(self)),
      window_frames_(window_frames),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      strangers_(std::make_shared<Strangers>(places_for_strangers())) {}

Listener::Listener(asio::io_context& context, int listening_descriptor, Identity self, int window_frames,
                   ConnectionOptions options, Handlers handlers)
    : context_(context),
      acceptor_(adopt_acceptor(context, listening_descriptor)),
      self_(std::move(self)),
      window_frames_(window_frames),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      strangers_(std::make_shared<Strangers>(places_for_strangers())) {}

void Listener::start() {
  asio::co_spawn(
      context_, [this] { return accept_loop(); }, asio::detached);
}

void Listener::stop() {
  stopped_ = true;
  asio::error_code ignored;
  acceptor_.close(ignored);
}

std::uint16_t Listener::port() const {
  return acceptor_.local_endpoint().port();
}

asio::awaitable<void> Listener::accept_loop() {
  while (!stopped_) {
    asio::error_code error;
    tcp::socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (stopped_) co_return;
    if (!error) {
      asio::co_spawn(
          context_, [this, socket = std::move(socket)]() mutable { return serve(std::move(socket)); },
          asio::detached);
    } else if (!is_for_want_of_room(error) || !strangers_->drop_one()) {
      // The caller gave up, or there are no descriptors and no stranger holds one: others shall still get in.
      asio::steady_timer pause(context_, std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

// Whoever reaches the port can have us write these lines. `who` is told, but does not make the line another:
// it has the port, new with every connection.
void Listener::tell(spdlog::level::level_enum level, const std::string& what, const std::string& who,
                    const std::string& why) {
  const std::optional<std::uint64_t> left_out =
      lines_.admit(fmt::format("{} {}", what, why), std::chrono::steady_clock::now());
  if (!left_out) return;
  if (*left_out > 0) spdlog::warn("{} more connections were turned away, refused or lost", *left_out);
  spdlog::log(level, "{} {}: {}", what, who, why);
}

asio::awaitable<Hello> Listener::expect_hello(std::shared_ptr<Connection> connection) {
  // A caller that dribbles bytes keeps the connection's own time-out at bay: the whole hello has one of its
  // own.
  const auto expired = std::make_shared<asio::steady_timer>(context_, options_.timeout);
  const auto timed_out = std::make_shared<bool>(false);
  expired->async_wait([connection, expired, timed_out](asio::error_code error) {
    if (error) return;
    *timed_out = true;
    connection->close();
  });
  struct Disarm {
    asio::steady_timer& timer;
    ~Disarm() { timer.cancel(); }
  } disarm{*expired};
  try {
    co_return parse_hello((co_await connection->receive()).message);
  } catch (const ConnectionLost&) {
    if (!*timed_out) throw;
  }
  throw ConnectionLost("it did not say in time who it is");
}

asio::awaitable<std::optional<Hello>> Listener::get_to_know(std::shared_ptr<Transport> transport,
                                                            std::shared_ptr<Connection> connection) {
  Strangers::Place place = strangers_->enter([transport] { transport->close(); },
                                             [transport] { return transport->is_promising(); });
  // Who knows the secret and goes away again, before the hello, has changed its mind: a link that is not
  // wanted any more.
  auto level = spdlog::level::warn;
  try {
    co_await handshake_within(transport, options_.timeout);
    if (options_.tls) level = spdlog::level::debug;
    if (options_.tls) place.leave();
    connection->start();
    co_return co_await expect_hello(connection);
  } catch (const std::exception& error) {
    tell(level, "turned away a connection from", connection->peer(),
         place.was_dropped() ? "too many strangers at a time, and this one was the oldest" : line_of(error));
  }
  co_return std::nullopt;
}

bool Listener::refuse(Connection& connection, const Hello& hello) {
  std::optional<Refusal> refusal = check_hello(hello, self_);
  if (!refusal) refusal = handlers_.judge(hello);
  if (!refusal) return false;
  tell(refusal->final ? spdlog::level::err : spdlog::level::warn, "refused", connection.peer(),
       refusal->reason);
  connection.send(pack(*refusal));
  return true;
}

asio::awaitable<void> Listener::serve(tcp::socket socket) {
  const std::string address = remote_address(socket);
  const auto transport = make_transport(std::move(socket), Transport::Side::server, options_.tls);
  const auto connection = std::make_shared<Connection>(transport, options_, address);
  // However this ends, the peer must not go on with a connection that nobody serves.
  struct Close {
    Connection& connection;
    ~Close() { connection.close_after_sending(); }
  } close{*connection};
  std::optional<Hello> hello = co_await get_to_know(transport, connection);
  if (!hello) {
    connection->close();
    co_return;
  }
  connection->set_peer_timeout(hello->timeout);
  connection->set_peer(fmt::format("{} at {}", hello->identity.name(), address));
  if (refuse(*connection, *hello)) co_return;
  connection->send(
      pack(Welcome{.identity = self_, .window_frames = window_frames_, .timeout = options_.timeout}));
  try {
    co_await handlers_.session(connection, *std::move(hello));
  } catch (const PeerLeft& left) {
    spdlog::debug("{} {}", connection->peer(), left.verb());
  } catch (const ConnectionLost& error) {
    if (!stopped_) tell(spdlog::level::info, "lost", connection->peer(), error.what());
  } catch (const std::exception& error) {
    tell(spdlog::level::err, "gave up the connection of", connection->peer(), line_of(error));
  }
  connection->close();
}

}  // namespace edge::net
