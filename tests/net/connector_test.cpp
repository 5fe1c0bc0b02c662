#include "net/connector.h"

#include <gtest/gtest.h>

#include <new>

#include "net/codec/codec.h"
#include "tests/net/session_support.h"

namespace edge::net {
namespace {

class ConnectorTest : public test::SessionFixture {
 protected:
  /// The called side's view: how many sessions began and ended.
  void count_sessions() {
    listen([this](std::shared_ptr<Connection> connection) -> asio::awaitable<void> {
      ++begun_;
      try {
        co_await stay(connection);
      } catch (const ConnectionLost&) {
        ++ended_;
        throw;
      }
    });
  }
  int begun_ = 0;
  int ended_ = 0;
};

template <typename Exception>
asio::awaitable<void> fail_with(Exception exception) {
  throw exception;
  co_return;
}

TEST_F(ConnectorTest, WhateverEndsASessionItIsClosedAndMadeAnew) {
  const std::vector<std::function<asio::awaitable<void>()>> ends = {
      [] { return fail_with(ConnectionLost("lost")); }, [] { return fail_with(CodecError("bad bytes")); },
      [] { return fail_with(NeedFull("no base")); }, [] { return fail_with(std::bad_alloc()); },
      [] { return fail_with(std::runtime_error("something")); }};
  count_sessions();
  std::vector<std::weak_ptr<Connection>> connections;
  std::size_t next = 0;
  connect([&](std::shared_ptr<Connection> connection) {
    connections.push_back(connection);
    return next < ends.size() ? ends[next++]() : stay(std::move(connection));
  });
  const auto expected = static_cast<int>(ends.size());
  ASSERT_TRUE(run_until([&] { return sessions_ == expected + 1 && ended_ == expected; }))
      << sessions_ << " sessions, " << ended_ << " ended at the other side";
  EXPECT_TRUE(run_until([&] {
    return std::count_if(connections.begin(), connections.end(),
                         [](const auto& c) { return !c.expired(); }) == 1;
  })) << "connections are left over";
}

TEST_F(ConnectorTest, ARefusalIsToldOnceHoweverOftenItComes) {
  int asked = 0;
  judge_ = [&](const Hello&) {
    ++asked;
    return Refusal{.reason = "go away"};
  };
  count_sessions();
  connect();
  ASSERT_TRUE(run_until([&] { return asked == 5; }));
  ASSERT_EQ(refusals_.size(), 1U);
  EXPECT_NE(refusals_[0].find("worker 1 at 127.0.0.1"), std::string::npos) << refusals_[0];
  EXPECT_NE(refusals_[0].find("go away"), std::string::npos) << refusals_[0];
  EXPECT_EQ(sessions_, 0);
}

TEST_F(ConnectorTest, ABusyPeerIsAskedAgainWithoutAWord) {
  int asked = 0;
  judge_ = [&](const Hello&) -> std::optional<Refusal> {
    return ++asked < 4 ? std::optional(Refusal{.reason = "busy", .final = false}) : std::nullopt;
  };
  count_sessions();
  connect();
  EXPECT_TRUE(run_until([&] { return sessions_ == 1; }));
  EXPECT_TRUE(refusals_.empty());
}

TEST_F(ConnectorTest, SaysFarewellWhenTheProcessEnds) {
  std::string heard;
  listen([&](std::shared_ptr<Connection> connection) -> asio::awaitable<void> {
    try {
      co_await stay(connection);
    } catch (const PeerLeft& left) {
      heard = left.verb();
    }
  });
  connect();
  ASSERT_TRUE(run_until([&] { return sessions_ == 1; }));
  connector_->leave("finished");
  EXPECT_TRUE(run_until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, "finished");
}

TEST_F(ConnectorTest, TheSidesWithDifferentTimesKeepTheirConnection) {
  options_ = {.heartbeat = std::chrono::milliseconds(10), .timeout = std::chrono::milliseconds(30)};
  listen();
  options_ = {.heartbeat = std::chrono::hours(1), .timeout = std::chrono::hours(2)};
  connect();
  // The connector alone would say something once an hour; the listener hears something all the time, or else
  // it would drop the connection and there would be a second session.
  asio::steady_timer timer(context_, std::chrono::milliseconds(150));
  bool over = false;
  timer.async_wait([&](asio::error_code) { over = true; });
  ASSERT_TRUE(run_until([&] { return over; }));
  EXPECT_EQ(sessions_, 1);
}

}  // namespace
}  // namespace edge::net
