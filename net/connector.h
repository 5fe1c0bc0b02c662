// The calling side: connects, says hello, runs a session, and does so again when it ends, with growing,
// jittered pauses. Lives on its io_context's thread; must not be destroyed while that runs.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "net/connection.h"
#include "net/handshake.h"

namespace edge::net {

class Connector {
 public:
  struct Options {
    std::string host;
    std::uint16_t port = 0;
    Hello hello;
    ConnectionOptions connection;
    /// Between attempts; doubles from the first to the longest, and begins anew after a session of five
    /// seconds.
    std::chrono::milliseconds first_pause{100};
    std::chrono::milliseconds longest_pause{2000};
  };
  struct Handlers {
    /// Serves a connection until it ends.
    std::function<asio::awaitable<void>(std::shared_ptr<Connection>, Welcome)> session;
    /// The peer refused for good (one line that names it; called once for each reason). Further attempts are
    /// made all the same, since somebody may be mending the other device at this moment.
    std::function<void(const std::string& reason)> refused;
    /// An attempt has failed or a session has ended; another attempt follows. Without it, the log tells so,
    /// once until there is a connection.
    std::function<void(const std::string& reason)> waiting = {};
  };

  Connector(asio::io_context& context, Options options, Handlers handlers);
  void start();
  /// May be called from any thread.
  void stop();

 private:
  asio::awaitable<void> run();
  asio::awaitable<void> connect_once();
  asio::awaitable<std::shared_ptr<Connection>> open();
  std::string peer() const;

  asio::io_context& context_;
  Options options_;
  Handlers handlers_;
  asio::steady_timer pause_;
  std::shared_ptr<Connection> connection_;
  std::mt19937 jitter_;
  bool said_waiting_ = false;
  std::string refusal_;  ///< the last that was told
  bool stopped_ = false;
};

}  // namespace edge::net
