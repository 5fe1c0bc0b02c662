#include "net/listener.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/write.hpp>
#include <new>
#include <sstream>

#include "tests/net/session_support.h"

namespace edge::net {
namespace {

using asio::ip::tcp;

class ListenerTest : public test::SessionFixture {
 protected:
  ListenerTest() {
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(log_)));
  }
  ~ListenerTest() override { spdlog::set_default_logger(before_); }

  tcp::socket call(const Message& message) {
    tcp::socket socket(context_);
    socket.connect({asio::ip::address_v4::loopback(), listener_->port()});
    const auto header = pack_header(message);
    asio::error_code ignored;
    asio::write(socket, asio::buffer(header), ignored);
    asio::write(socket, asio::buffer(message.payload), ignored);
    return socket;
  }
  bool closed(tcp::socket& socket) {
    socket.non_blocking(true);
    std::array<std::byte, 1000> bytes{};
    asio::error_code error;
    while (socket.read_some(asio::buffer(bytes), error) > 0) {
    }
    return error == asio::error::eof || error == asio::error::connection_reset;
  }
  static Hello hello() {
    return {.identity = test::identity_of("worker", 0),
            .purpose = Purpose::link,
            .wanted_role = "worker",
            .wanted_index = 1};
  }
  std::ptrdiff_t lines() const {
    const std::string text = log_.str();
    return std::count(text.begin(), text.end(), '\n');
  }

  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(ListenerTest, WhatStrangersSayIsPrintableAndShortInTheLog) {
  listen();
  Hello stranger = hello();
  stranger.identity.role = "master\n[error] disk full\x1b[2J";
  stranger.identity.software_version = std::string(40000, 'v');
  tcp::socket socket = call(pack(stranger));
  ASSERT_TRUE(run_until([&] { return closed(socket); }));
  EXPECT_EQ(lines(), 1) << log_.str();
  EXPECT_EQ(log_.str().find('\x1b'), std::string::npos) << log_.str();
  EXPECT_LT(log_.str().size(), 1000U);
  EXPECT_NE(log_.str().find("refused master\\n[error] disk full\\x1b[2J at 127.0.0.1"), std::string::npos)
      << log_.str();
}

TEST_F(ListenerTest, OtherVersionsOfTheProtocolAreRefused) {
  listen();
  for (const int version : {protocol_version - 1, protocol_version + 1}) {
    const Message message = pack(hello());
    auto header = pack_header(message);
    header[4] = static_cast<std::byte>(version);
    tcp::socket socket(context_);
    socket.connect({asio::ip::address_v4::loopback(), listener_->port()});
    asio::error_code ignored;
    asio::write(socket, asio::buffer(header), ignored);
    asio::write(socket, asio::buffer(message.payload), ignored);
    EXPECT_TRUE(run_until([&] { return closed(socket); }));
    EXPECT_NE(log_.str().find("it speaks protocol version " + std::to_string(version)), std::string::npos)
        << log_.str();
  }
}

TEST_F(ListenerTest, ManyStrangersFillNoLog) {
  listen();
  for (int i = 0; i < 200; ++i) {
    Hello stranger = hello();
    stranger.identity.role = "master" + std::to_string(i);
    stranger.wanted_index = i % 2 == 0 ? 7 : 1;
    stranger.identity.software_version = "0." + std::to_string(i);
    tcp::socket refused = call(pack(stranger));
    ASSERT_TRUE(run_until([&] { return closed(refused); }));
    tcp::socket damaged = call({.type = MessageType::frame, .payload = {}});
    ASSERT_TRUE(run_until([&] { return closed(damaged); }));
  }
  // A slow machine may need more than one of the periods within which so many lines are allowed.
  EXPECT_LT(lines(), 60) << log_.str();
  EXPECT_NE(log_.str().find("turned away a connection from 127.0.0.1"), std::string::npos) << log_.str();
}

TEST_F(ListenerTest, WhateverEndsASessionTheConnectionIsClosed) {
  std::vector<std::function<void()>> ends = {[] { throw ConnectionLost("lost"); },
                                             [] { throw std::bad_alloc(); },
                                             [] { throw std::runtime_error("something"); }, [] {}};
  std::size_t next = 0;
  listen([&](std::shared_ptr<Connection>) -> asio::awaitable<void> {
    ends[next++]();
    co_return;
  });
  for (std::size_t i = 0; i < ends.size(); ++i) {
    tcp::socket socket = call(pack(hello()));
    EXPECT_TRUE(run_until([&] { return closed(socket); })) << i;
  }
  EXPECT_EQ(next, ends.size());
  EXPECT_NE(log_.str().find("out of memory"), std::string::npos) << log_.str();
}

TEST_F(ListenerTest, UnknownConnectionsAreLimited) {
  listen();
  std::vector<tcp::socket> half_open;
  for (std::size_t i = 0; i < Listener::most_strangers + 5; ++i) {
    half_open.emplace_back(context_);
    half_open.back().connect({asio::ip::address_v4::loopback(), listener_->port()});
  }
  const auto turned_away = [&] {
    return std::count_if(half_open.begin(), half_open.end(), [&](tcp::socket& s) { return closed(s); });
  };
  EXPECT_TRUE(run_until([&] { return turned_away() == 5; }));
  half_open.clear();
  tcp::socket socket = call(pack(hello()));
  bool welcomed = false;
  EXPECT_TRUE(run_until([&] {
    socket.non_blocking(true);
    std::array<std::byte, 1> byte{};
    asio::error_code error;
    welcomed = socket.read_some(asio::buffer(byte), error) > 0;
    return welcomed || error == asio::error::eof;
  }));
  EXPECT_TRUE(welcomed) << "their places are not free again";
}

}  // namespace
}  // namespace edge::net
