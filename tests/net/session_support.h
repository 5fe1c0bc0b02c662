// A listener and connectors on one io_context that the test runs by hand.
#pragma once

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/connector.h"
#include "net/listener.h"

namespace edge::net::test {

inline Identity identity_of(const std::string& role, int index) {
  return {.role = role,
          .index = index,
          .instance = static_cast<std::uint64_t>(index) + 100,
          .software_version = "1",
          .model_hash = "m",
          .model = "m",
          .isa = "scalar"};
}

class SessionFixture : public ::testing::Test {
 protected:
  using Session = std::function<asio::awaitable<void>(std::shared_ptr<Connection>)>;

  /// A session that lasts until the connection ends.
  static asio::awaitable<void> stay(std::shared_ptr<Connection> connection) {
    for (;;) co_await connection->receive();
  }

  void listen(Session session = stay) {
    listener_ = std::make_unique<Listener>(
        context_, "127.0.0.1", std::uint16_t{0}, identity_of("worker", 1), 4, options_,
        Listener::Handlers{.judge = [this](const Hello& hello) { return judge_(hello); },
                           .session = [session = std::move(session)](
                                          auto connection, const Hello&) { return session(connection); }});
    listener_->start();
  }
  void connect(Session session = stay) {
    connector_ = std::make_unique<Connector>(
        context_,
        Connector::Options{.host = "127.0.0.1",
                           .port = listener_->port(),
                           .hello = {.identity = identity_of("worker", 0),
                                     .purpose = Purpose::link,
                                     .wanted_role = "worker",
                                     .wanted_index = 1},
                           .connection = options_,
                           .first_pause = std::chrono::milliseconds(1),
                           .longest_pause = std::chrono::milliseconds(2)},
        Connector::Handlers{.session =
                                [this, session = std::move(session)](auto connection, const Welcome&) {
                                  ++sessions_;
                                  return session(connection);
                                },
                            .refused = [this](const std::string& reason) { refusals_.push_back(reason); }});
    connector_->start();
  }
  /// Runs what is due until `done`; false after ten seconds, which a test that passes never needs.
  bool run_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < limit) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(10));
    }
    return done();
  }

  ConnectionOptions options_{.heartbeat = std::chrono::hours(1), .timeout = std::chrono::hours(2)};
  std::function<std::optional<Refusal>(const Hello&)> judge_ = [](const Hello&) { return std::nullopt; };
  asio::io_context context_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Connector> connector_;
  int sessions_ = 0;
  std::vector<std::string> refusals_;
};

}  // namespace edge::net::test
