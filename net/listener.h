// The listening side: accepts connections, says hello, hands over sessions. Lives on its io_context's thread.
#pragma once

#include <spdlog/common.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/handshake.h"
#include "net/line_throttle.h"
#include "net/strangers.h"

namespace edge::net {

class Listener {
 public:
  /// Connections that have not yet shown that they know the secret (or, without one, said a valid hello). For
  /// one more the oldest has to go. Fewer if the process may have few descriptors.
  static constexpr std::size_t most_strangers = 64;

  struct Handlers {
    /// Says what to answer; called after check_hello() found nothing wrong.
    std::function<std::optional<Refusal>(const Hello&)> judge;
    /// Serves an accepted connection (welcome is sent already) until it ends, by any exception; it is closed
    /// then. One that is not ConnectionLost is logged as an error.
    std::function<asio::awaitable<void>(std::shared_ptr<Connection>, Hello)> session;
  };

  /// Binds to `host` (empty: every interface, IPv6 and IPv4) and `port`. Throws Error if the address cannot
  /// be bound
  /// ("port 7701 is in use ...").
  Listener(asio::io_context& context, const std::string& host, std::uint16_t port, Identity self,
           int window_frames, ConnectionOptions options, Handlers handlers);
  /// Takes over a socket that is bound and listens already (inherited from `edge local`).
  Listener(asio::io_context& context, int listening_descriptor, Identity self, int window_frames,
           ConnectionOptions options, Handlers handlers);

  void start();
  void stop();
  std::uint16_t port() const;

 private:
  asio::awaitable<void> accept_loop();
  asio::awaitable<void> serve(asio::ip::tcp::socket socket);
  /// Handshake and hello. Nothing: it is turned away, and that was told.
  asio::awaitable<std::optional<Hello>> get_to_know(std::shared_ptr<Transport> transport,
                                                    std::shared_ptr<Connection> connection);
  asio::awaitable<Hello> expect_hello(std::shared_ptr<Connection> connection);
  bool refuse(Connection& connection, const Hello& hello);
  void tell(spdlog::level::level_enum level, const std::string& what, const std::string& who,
            const std::string& why);

  asio::io_context& context_;
  asio::ip::tcp::acceptor acceptor_;
  Identity self_;
  int window_frames_;
  ConnectionOptions options_;
  Handlers handlers_;
  /// Shared with the coroutines, which may be destroyed, with the io_context, after this object.
  std::shared_ptr<Strangers> strangers_;
  LineThrottle lines_;
  bool stopped_ = false;
};

}  // namespace edge::net
