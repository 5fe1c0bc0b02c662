// Listener and connector with the same secret, with different ones, with none; and strangers.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <asio/write.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/captured_log.h"
#include "tests/net/session_support.h"
#include "tests/net/tls_support.h"

namespace edge::net {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

class SecretSessions : public test::SessionFixture {
 protected:
  void listen_with(std::shared_ptr<const TlsContext> tls) {
    options_.tls = std::move(tls);
    listen();
  }
  void connect_with(std::shared_ptr<const TlsContext> tls) {
    options_.tls = std::move(tls);
    connect();
  }
  tcp::socket call(const std::vector<std::byte>& bytes = {}) {
    tcp::socket socket(context_);
    socket.connect({asio::ip::address_v4::loopback(), listener_->port()});
    asio::error_code ignored;
    asio::write(socket, asio::buffer(bytes), ignored);
    return socket;
  }
  static bool closed(tcp::socket& socket) {
    socket.non_blocking(true);
    std::array<std::byte, 1000> bytes{};
    asio::error_code error;
    while (socket.read_some(asio::buffer(bytes), error) > 0) {
    }
    return error == asio::error::eof || error == asio::error::connection_reset;
  }
  std::ptrdiff_t turned_away_lines(const std::string& why = "") const {
    const std::vector<std::string> lines = log_.lines();
    return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find("turned away a connection from 127.0.0.1") != std::string::npos &&
             line.find(why) != std::string::npos;
    });
  }
  /// One line at each end, and no session.
  void expect_refusal(const std::string& caller_says, const std::string& called_says) {
    ASSERT_TRUE(run_until([&] { return !refusals_.empty() && log_.contains("turned away"); }));
    // It tries again all the time: nothing is said again.
    const auto again = std::chrono::steady_clock::now() + 50ms;
    run_until([&] { return std::chrono::steady_clock::now() > again; });
    ASSERT_EQ(refusals_.size(), 1U);
    EXPECT_NE(refusals_[0].find("worker 1 at 127.0.0.1"), std::string::npos) << refusals_[0];
    EXPECT_NE(refusals_[0].find(caller_says), std::string::npos) << refusals_[0];
    EXPECT_EQ(turned_away_lines(), 1) << log_.text();
    EXPECT_EQ(turned_away_lines(called_says), 1) << log_.text();
    EXPECT_EQ(sessions_, 0);
  }
  /// Strangers who say nothing, or the begin of something, and wait.
  void expect_no_disturbance() {
    std::vector<tcp::socket> strangers;
    const std::vector<std::byte> hello = client_hello();
    for (std::ptrdiff_t i = 0; i < 400; ++i) {
      strangers.push_back(call({hello.begin(), hello.begin() + i % 28}));
      context_.restart();
      context_.poll();
    }
    connect();
    EXPECT_TRUE(run_until([&] { return sessions_ == 1; }));
    const auto open = std::count_if(strangers.begin(), strangers.end(),
                                    [](tcp::socket& socket) { return !closed(socket); });
    EXPECT_LE(static_cast<std::size_t>(open), Listener::most_strangers);
  }
  static std::vector<std::byte> client_hello(int secret = 0) {
    TlsSession session(test::tls_context(secret), TlsSession::Side::client);
    session.handshake();
    return test::take(session);
  }

  edge::test::CapturedLog log_;
};

TEST_F(SecretSessions, TheSameSecretOpensASession) {
  listen_with(test::tls_context());
  connect_with(test::tls_context());
  EXPECT_TRUE(run_until([&] { return sessions_ == 1; }));
  EXPECT_TRUE(refusals_.empty());
}

TEST_F(SecretSessions, AnotherSecretIsOneLineAtBothEnds) {
  listen_with(test::tls_context(0));
  connect_with(test::tls_context(1));
  expect_refusal("it has another secret", "it has another secret");
}

TEST_F(SecretSessions, ACallerWithoutSecretIsOneLineAtBothEnds) {
  listen_with(test::tls_context());
  connect_with(nullptr);
  expect_refusal("it has a secret, this device has none", "it has no secret, this device has one");
}

TEST_F(SecretSessions, ACalledWithoutSecretIsOneLineAtBothEnds) {
  listen_with(nullptr);
  connect_with(test::tls_context());
  expect_refusal("it has no secret, this device has one", "it has a secret, this device has none");
}

TEST_F(SecretSessions, OnceItWasThereNobodyCanEndARunByClaimingThatItsSecretIsAnother) {
  listen_with(test::tls_context(0));
  std::shared_ptr<Connection> session;
  connect([&](std::shared_ptr<Connection> connection) {
    session = connection;
    return stay(std::move(connection));
  });
  ASSERT_TRUE(run_until([&] { return session != nullptr; }));
  const std::uint16_t port = listener_->port();
  listener_->stop();
  context_.poll();
  options_.tls = test::tls_context(1);
  const std::unique_ptr<Listener> before = std::move(listener_);  // its session still runs
  listener_ = std::make_unique<Listener>(
      context_, "127.0.0.1", port, test::identity_of("worker", 1), 4, options_,
      Listener::Handlers{.judge = judge_,
                         .session = [](auto connection, const Hello&) { return stay(connection); }});
  listener_->start();
  session->close();
  ASSERT_TRUE(
      run_until([&] { return log_.contains("waiting for worker 1") && log_.contains("turned away"); }));
  EXPECT_TRUE(log_.contains("another secret")) << log_.text();
  EXPECT_TRUE(refusals_.empty());
}

TEST_F(SecretSessions, WhatStrangersSendIsOneLineAndTheEnd) {
  listen_with(test::tls_context());
  std::vector<std::byte> http;
  for (const char c : std::string("GET / HTTP/1.1\r\n\r\n")) http.push_back(static_cast<std::byte>(c));
  std::vector<std::byte> nonsense = client_hello();
  std::fill(nonsense.begin() + 9, nonsense.end(), std::byte{0xab});
  const std::vector<std::vector<std::byte>> all = {
      http, nonsense, std::vector<std::byte>(20000, std::byte{22}), client_hello(1)};
  for (std::size_t i = 0; i < all.size(); ++i) {
    tcp::socket stranger = call(all[i]);
    EXPECT_TRUE(run_until([&] { return closed(stranger); })) << i;
  }
  EXPECT_EQ(turned_away_lines(), 4) << log_.text();
  EXPECT_TRUE(log_.contains("it speaks neither TLS nor edge's protocol")) << log_.text();
}

TEST_F(SecretSessions, WhoEndsInTheMiddleIsClosedAndSoIsWhoWaits) {
  options_.timeout = 60ms;
  options_.heartbeat = 20ms;
  listen_with(test::tls_context());
  const std::vector<std::byte> hello = client_hello();
  for (std::size_t cut = 0; cut < hello.size(); cut += 7) {
    tcp::socket stranger = call({hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(cut)});
    stranger.shutdown(tcp::socket::shutdown_send);
    ASSERT_TRUE(run_until([&] { return closed(stranger); })) << cut;
  }
  tcp::socket silent = call();
  tcp::socket replayed = call(hello);
  EXPECT_TRUE(run_until([&] { return closed(silent) && closed(replayed); }));
  EXPECT_TRUE(run_until([&] { return turned_away_lines("within 0.1 s that it knows the secret") == 1; }))
      << log_.text();
}

TEST_F(SecretSessions, HundredsOfStrangersKeepNobodyOut) {
  listen_with(test::tls_context());
  expect_no_disturbance();
}

TEST_F(SecretSessions, HundredsOfStrangersKeepNobodyOutOfAPlainListener) {
  listen_with(nullptr);
  expect_no_disturbance();
}

}  // namespace
}  // namespace edge::net
