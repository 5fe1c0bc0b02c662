// Both ends on one io_context that the test runs by hand: no threads, and nothing depends on how long things
// take. A raw socket plays peers that break the protocol. Everything holds for plain TCP and for TLS.
#include "net/connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/write.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/net/tls_support.h"

namespace edge::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

enum class Over { tcp, tls };

class ConnectionTest : public ::testing::TestWithParam<Over> {
 protected:
  /// A connection and the raw socket at its other end.
  void open(ConnectionOptions options = {.heartbeat = 1h, .timeout = 2h}) {
    tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
    raw_.connect(acceptor.local_endpoint());
    const auto tls = GetParam() == Over::tls ? test::tls_context() : nullptr;
    const auto transport = make_transport(acceptor.accept(), Transport::Side::server, tls);
    session_.reset();
    if (tls) shake_hands(*transport, tls);
    connection_ = std::make_shared<Connection>(transport, options, "peer");
    connection_->start();
  }
  void shake_hands(Transport& transport, const std::shared_ptr<const TlsContext>& tls) {
    session_ = std::make_unique<TlsSession>(tls, TlsSession::Side::client);
    session_->handshake();
    bool done = false;
    asio::co_spawn(
        context_,
        [&]() -> asio::awaitable<void> {
          co_await transport.handshake();
          done = true;
        },
        asio::detached);
    send_what_tls_wants();
    std::array<std::byte, 4096> bytes{};
    raw_.non_blocking(true);
    ASSERT_TRUE(run_until([&] {
      asio::error_code error;
      const std::size_t count = raw_.read_some(asio::buffer(bytes), error);
      if (count > 0)
        test::advance(*session_, {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)});
      send_what_tls_wants();
      return done;
    }));
  }
  void send_what_tls_wants() {
    asio::error_code ignored;
    asio::write(raw_, asio::buffer(test::take(*session_)), ignored);
  }
  void receive() {
    asio::co_spawn(
        context_,
        [this]() -> asio::awaitable<void> {
          try {
            received_ = (co_await connection_->receive()).message;
          } catch (const PeerLeft& left) {
            farewell_ = left.verb();
          } catch (const ConnectionLost& lost) {
            lost_ = lost.what();
          } catch (const std::bad_alloc&) {
            lost_ = "out of memory";
          }
        },
        asio::detached);
  }
  void write_raw(const std::vector<std::byte>& bytes) {
    asio::error_code ignored;
    asio::write(raw_, asio::buffer(on_the_wire(bytes)), ignored);
  }
  std::vector<std::byte> on_the_wire(const std::vector<std::byte>& bytes) {
    if (!session_) return bytes;
    session_->write(bytes);
    return test::take(*session_);
  }
  static std::vector<std::byte> bytes_of(const Message& message) {
    const auto header = pack_header(message);
    std::vector<std::byte> bytes(header.begin(), header.end());
    bytes.insert(bytes.end(), message.payload.begin(), message.payload.end());
    return bytes;
  }
  /// Runs what is due until `done`; false after ten seconds, which a test that passes never needs.
  bool run_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (!done() && std::chrono::steady_clock::now() < limit) {
      context_.restart();
      context_.run_one_for(10ms);
    }
    return done();
  }
  bool run_until_lost() {
    return run_until([this] { return !lost_.empty(); });
  }
  /// The next message that the raw end gets.
  Message read_raw() {
    std::array<std::byte, header_bytes> header{};
    read_exactly(header);
    const Header parsed = parse_header(header, SIZE_MAX);
    Message message{.type = parsed.type, .flags = parsed.flags, .frame = parsed.frame, .payload = {}};
    message.payload.resize(parsed.payload_bytes);
    read_exactly(message.payload);
    return message;
  }
  void read_exactly(std::span<std::byte> bytes) {
    raw_.non_blocking(true);
    std::vector<std::byte> piece(100000);
    ASSERT_TRUE(run_until([&] {
      asio::error_code error;
      for (piece.resize(raw_.read_some(asio::buffer(piece), error)); !piece.empty();
           piece.resize(raw_.read_some(asio::buffer(piece), error))) {
        const std::vector<std::byte> text = session_ ? test::plaintext(*session_, piece) : piece;
        unread_.insert(unread_.end(), text.begin(), text.end());
        piece.resize(100000);
      }
      piece.resize(100000);
      return unread_.size() >= bytes.size();
    }));
    std::copy_n(unread_.begin(), bytes.size(), bytes.begin());
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(bytes.size()));
  }

  asio::io_context context_;
  tcp::socket raw_{context_};
  std::unique_ptr<TlsSession> session_;  ///< of the raw end; null: plain TCP
  std::vector<std::byte> unread_;        ///< what the raw end got
  std::shared_ptr<Connection> connection_;
  std::optional<Message> received_;
  std::string lost_;
  std::string farewell_;
};

INSTANTIATE_TEST_SUITE_P(Over, ConnectionTest, ::testing::Values(Over::tcp, Over::tls),
                         [](const auto& info) { return info.param == Over::tcp ? "tcp" : "tls"; });

TEST_P(ConnectionTest, MessagesPassInBothDirections) {
  open();
  receive();
  write_raw(bytes_of({.type = MessageType::heartbeat, .payload = {}}));
  write_raw(bytes_of({.type = MessageType::probe, .frame = 7, .payload = std::vector<std::byte>(1000)}));
  ASSERT_TRUE(run_until([this] { return received_.has_value(); }));
  EXPECT_EQ(received_->type, MessageType::probe) << "heartbeats are not told";
  EXPECT_EQ(received_->frame, 7U);
  EXPECT_EQ(received_->payload.size(), 1000U);
  connection_->send({.type = MessageType::probed, .frame = 8, .payload = {}});
  EXPECT_EQ(read_raw().frame, 8U);
}

TEST_P(ConnectionTest, ADamagedLengthIsNoticedAtOnce) {
  open();
  connection_->set_max_payload(std::size_t{1} << 24);
  receive();
  std::vector<std::byte> bytes =
      bytes_of({.type = MessageType::frame, .payload = std::vector<std::byte>(532)});
  bytes[18] ^= std::byte{2};  // 532 -> 131604 bytes
  write_raw(bytes);
  ASSERT_TRUE(run_until_lost()) << "waits for bytes that never come";
  EXPECT_NE(lost_.find("header arrived damaged"), std::string::npos) << lost_;
}

TEST_P(ConnectionTest, AMessageThatIsDribbledIsGivenUp) {
  open({.heartbeat = 10ms, .timeout = 50ms, .slowest_bytes_per_s = 1e6});
  receive();
  const std::vector<std::byte> bytes =
      bytes_of({.type = MessageType::probe, .payload = std::vector<std::byte>(60000)});
  // One byte at a time, never silent: at most 3000 bytes of 60000.
  std::size_t sent = 0;
  run_until([&] {
    if (sent < 3000) write_raw({bytes[sent]});
    ++sent;
    return !lost_.empty();
  });
  EXPECT_EQ(lost_, "a message that it began did not come to its end in time");
  EXPECT_LT(sent, 3000U) << "it would have fallen silent";
}

TEST_P(ConnectionTest, BytesOfWhichNothingCanBeReadYetDoNotCountForEver) {
  open({.heartbeat = 10ms, .timeout = 50ms, .slowest_bytes_per_s = 1e6});
  receive();
  const std::vector<std::byte> bytes =
      on_the_wire(bytes_of({.type = MessageType::probe, .payload = std::vector<std::byte>(16000)}));
  std::size_t sent = 0;
  run_until([&] {
    asio::error_code ignored;
    if (sent < 3000) asio::write(raw_, asio::buffer(&bytes[sent], 1), ignored);
    ++sent;
    return !lost_.empty();
  });
  EXPECT_EQ(lost_, "a message that it began did not come to its end in time");
  EXPECT_LT(sent, 3000U) << "it would have fallen silent";
}

TEST_P(ConnectionTest, ManyMessagesOfAnySizeArriveInOrder) {
  open();
  connection_->set_max_payload(std::size_t{1} << 24U);
  int count = 0;
  asio::co_spawn(
      context_,
      [&]() -> asio::awaitable<void> {
        for (;; ++count) {
          const Message message = (co_await connection_->receive()).message;
          EXPECT_EQ(message.frame, static_cast<std::uint64_t>(count));
          EXPECT_EQ(message.payload, test::pattern(static_cast<std::size_t>(count) * 4001, 7));
        }
      },
      asio::detached);
  for (int i = 0; i < 40; ++i) {
    const Message message{.type = MessageType::probe,
                          .frame = static_cast<std::uint64_t>(i),
                          .payload = test::pattern(static_cast<std::size_t>(i) * 4001, 7)};
    connection_->send(message);
    write_raw(bytes_of(message));
    const Message back = read_raw();
    EXPECT_EQ(back.frame, message.frame);
    EXPECT_EQ(back.payload, message.payload);
  }
  EXPECT_TRUE(run_until([&] { return count == 40; }));
}

TEST_P(ConnectionTest, WhatWasQueuedArrivesBeforeTheEnd) {
  open();
  receive();
  connection_->send({.type = MessageType::probe, .frame = 5, .payload = test::pattern(3000000)});
  connection_->close_after_sending();
  EXPECT_EQ(read_raw().payload, test::pattern(3000000));
  raw_.non_blocking(true);
  std::array<std::byte, 100> rest{};
  asio::error_code error;
  ASSERT_TRUE(run_until([&] {
    const std::size_t count = raw_.read_some(asio::buffer(rest), error);
    if (session_ && count > 0) {
      session_->feed(std::span(rest).first(count));
      EXPECT_EQ(session_->read(std::span(rest)), 0U);
    }
    return error == asio::error::eof;
  }));
  if (session_) {
    EXPECT_TRUE(session_->ended()) << "a connection that was cut looks the same";
  }
}

TEST_P(ConnectionTest, ACallerWithASecretIsToldThatThereIsNone) {
  if (GetParam() == Over::tls) return;  // it is the other that has none
  open();
  receive();
  TlsSession caller(test::tls_context(), TlsSession::Side::client);
  caller.handshake();
  write_raw(test::take(caller));
  ASSERT_TRUE(run_until_lost());
  EXPECT_NE(lost_.find("it has a secret, this device has none"), std::string::npos) << lost_;
  std::vector<std::byte> alert(7);
  read_exactly(alert);
  EXPECT_NE(test::advance(caller, alert).error.find("it has no secret"), std::string::npos);
}

TEST_P(ConnectionTest, AHeaderThatIsDribbledIsGivenUp) {
  open({.heartbeat = 10ms, .timeout = 50ms, .slowest_bytes_per_s = 1e6});
  receive();
  const std::vector<std::byte> bytes = bytes_of({.type = MessageType::heartbeat, .payload = {}});
  write_raw({bytes[0]});
  run_until([&] { return !lost_.empty(); });
  EXPECT_FALSE(lost_.empty());
}

TEST_P(ConnectionTest, ASilentPeerIsLost) {
  open({.heartbeat = 10ms, .timeout = 40ms});
  receive();
  ASSERT_TRUE(run_until_lost());
  EXPECT_EQ(lost_, "silent for 0.0 s");
}

TEST_P(ConnectionTest, HeartbeatsComeAsOftenAsThePeerNeedsThem) {
  open({.heartbeat = 1h, .timeout = 2h});
  connection_->set_peer_timeout(60ms);
  EXPECT_EQ(read_raw().type, MessageType::heartbeat) << "the next one would come in an hour";
}

TEST_P(ConnectionTest, APeerThatDoesNotReadCostsBoundedMemory) {
  open();
  connection_->set_max_queue(std::size_t{1} << 20);
  receive();
  for (int i = 0; i < 1000 && lost_.empty(); ++i) {
    connection_->send({.type = MessageType::probe, .payload = std::vector<std::byte>(100000)});
    context_.restart();
    context_.poll();
  }
  ASSERT_TRUE(run_until_lost()) << "100 MB are queued";
  EXPECT_NE(lost_.find("does not read"), std::string::npos) << lost_;
}

TEST_P(ConnectionTest, OneMessageMayAlwaysWait) {
  open();
  connection_->set_max_queue(1000);
  receive();
  connection_->send({.type = MessageType::probe, .frame = 3, .payload = std::vector<std::byte>(20 << 20)});
  context_.restart();
  context_.poll();  // the first is being written
  connection_->send({.type = MessageType::probe, .frame = 4, .payload = std::vector<std::byte>(20 << 20)});
  EXPECT_EQ(read_raw().frame, 3U);
  EXPECT_EQ(read_raw().frame, 4U);
  EXPECT_EQ(lost_, "");
}

TEST_P(ConnectionTest, AMessageThatThePeerDoesNotTakeIsGivenUp) {
  open({.heartbeat = 10ms, .timeout = 50ms, .slowest_bytes_per_s = 1e9});
  receive();
  connection_->send({.type = MessageType::probe, .payload = std::vector<std::byte>(40 << 20)});
  // It lives and says so, but reads nothing.
  run_until([&] {
    write_raw(bytes_of({.type = MessageType::heartbeat, .payload = {}}));
    return !lost_.empty();
  });
  EXPECT_EQ(lost_, "it does not take what it is sent");
}

TEST_P(ConnectionTest, AFarewellIsNoError) {
  open();
  receive();
  write_raw(bytes_of(farewell_message("finished")));
  ASSERT_TRUE(run_until([this] { return !farewell_.empty(); }));
  EXPECT_EQ(farewell_, "finished");
  EXPECT_EQ(lost_, "");
}

TEST_P(ConnectionTest, WhoLeavesSaysSo) {
  open();
  connection_->leave("stopped");
  const Message message = read_raw();
  ASSERT_EQ(message.type, MessageType::farewell);
  EXPECT_EQ(parse_farewell(message).verb(), "stopped");
}

TEST_P(ConnectionTest, OnlyAStrangerSpeaksAnotherVersion) {
  std::vector<std::byte> other = bytes_of({.type = MessageType::heartbeat, .payload = {}});
  other[4] = std::byte{9};
  open();
  receive();
  write_raw(other);
  ASSERT_TRUE(run_until_lost());
  EXPECT_NE(lost_.find("version 9"), std::string::npos) << lost_;
  lost_.clear();
  raw_.close();
  unread_.clear();
  open();
  receive();
  write_raw(bytes_of({.type = MessageType::heartbeat, .payload = {}}));
  write_raw(other);
  ASSERT_TRUE(run_until_lost());
  EXPECT_NE(lost_.find("damaged"), std::string::npos) << lost_;
}

}  // namespace
}  // namespace edge::net
