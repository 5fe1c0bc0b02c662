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
    /// Serves a connection until it ends, by any exception; it is closed then. One that is not ConnectionLost
    /// is logged as an error.
    std::function<asio::awaitable<void>(std::shared_ptr<Connection>, Welcome)> session;
    /// The peer refused for good, or has another secret (one line that names it; called once for each
    /// reason). Further attempts are made all the same, since somebody may be mending the other device at
    /// this moment.
    std::function<void(const std::string& reason)> refused;
    /// An attempt has failed or a session has ended; another attempt follows. Without it, the log tells so,
    /// with a reminder every 30 s.
    std::function<void(const std::string& reason)> waiting = {};
    /// Whether the peer serves somebody else: told behind every attempt that got an answer, before `waiting`.
    std::function<void(bool busy)> busy = {};
  };

  Connector(asio::io_context& context, Options options, Handlers handlers);
  void start();
  /// May be called from any thread.
  void stop();
  /// On the io_context's thread. While held it has no connection: its session ends with a farewell, and no
  /// attempt is made; once free it goes on at once.
  void hold(bool held);
  /// On the io_context's thread, when the process is about to end: says farewell, and stop().
  void leave(const std::string& verb);

 private:
  asio::awaitable<void> run();
  asio::awaitable<void> connect_once();
  asio::awaitable<void> wait(std::chrono::milliseconds pause);
  asio::awaitable<void> wait_while_held();
  void tell_busy(bool busy) const;
  asio::awaitable<void> talk(std::shared_ptr<Connection> connection);
  asio::awaitable<std::shared_ptr<Connection>> open();
  void say_waiting(const std::string& reason);
  void tell_refusal(const std::string& refusal);
  std::string peer() const;
  std::string told_of_mismatch(const std::string& reason);

  asio::io_context& context_;
  Options options_;
  Handlers handlers_;
  asio::steady_timer pause_;
  std::shared_ptr<Connection> connection_;
  std::mt19937 jitter_;
  std::chrono::steady_clock::time_point say_waiting_at_ = {};  ///< again, if it is still waited for
  std::string refusal_;                                        ///< the last that was told
  bool was_welcome_ = false;                                   ///< by this peer, at least once
  bool stopped_ = false;
  bool held_ = false;
};

}  // namespace edge::net
