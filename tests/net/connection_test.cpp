// Both ends on one io_context that the test runs by hand: no threads, and nothing depends on how long things
// take. A raw socket plays peers that break the protocol.
#include "net/connection.h"

#include <gtest/gtest.h>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/write.hpp>
#include <optional>

namespace edge::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class ConnectionTest : public ::testing::Test {
 protected:
  /// A connection and the raw socket at its other end.
  void open(ConnectionOptions options = {.heartbeat = 1h, .timeout = 2h}) {
    tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
    raw_.connect(acceptor.local_endpoint());
    connection_ = std::make_shared<Connection>(acceptor.accept(), options, "peer");
    connection_->start();
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
    asio::write(raw_, asio::buffer(bytes), ignored);
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
    std::size_t done = 0;
    raw_.non_blocking(true);
    ASSERT_TRUE(run_until([&] {
      asio::error_code error;
      done += raw_.read_some(asio::buffer(bytes.data() + done, bytes.size() - done), error);
      return done == bytes.size();
    }));
  }

  asio::io_context context_;
  tcp::socket raw_{context_};
  std::shared_ptr<Connection> connection_;
  std::optional<Message> received_;
  std::string lost_;
  std::string farewell_;
};

TEST_F(ConnectionTest, MessagesPassInBothDirections) {
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

TEST_F(ConnectionTest, ADamagedLengthIsNoticedAtOnce) {
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

TEST_F(ConnectionTest, AMessageThatIsDribbledIsGivenUp) {
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

TEST_F(ConnectionTest, AHeaderThatIsDribbledIsGivenUp) {
  open({.heartbeat = 10ms, .timeout = 50ms, .slowest_bytes_per_s = 1e6});
  receive();
  const std::vector<std::byte> bytes = bytes_of({.type = MessageType::heartbeat, .payload = {}});
  write_raw({bytes[0]});
  run_until([&] { return !lost_.empty(); });
  EXPECT_FALSE(lost_.empty());
}

TEST_F(ConnectionTest, ASilentPeerIsLost) {
  open({.heartbeat = 10ms, .timeout = 40ms});
  receive();
  ASSERT_TRUE(run_until_lost());
  EXPECT_EQ(lost_, "silent for 0.0 s");
}

TEST_F(ConnectionTest, HeartbeatsComeAsOftenAsThePeerNeedsThem) {
  open({.heartbeat = 1h, .timeout = 2h});
  connection_->set_peer_timeout(60ms);
  EXPECT_EQ(read_raw().type, MessageType::heartbeat) << "the next one would come in an hour";
}

TEST_F(ConnectionTest, APeerThatDoesNotReadCostsBoundedMemory) {
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

TEST_F(ConnectionTest, OneMessageMayAlwaysWait) {
  open();
  connection_->set_max_queue(1000);
  receive();
  connection_->send({.type = MessageType::probe, .frame = 3, .payload = std::vector<std::byte>(20 << 20)});
  context_.poll();  // the first is being written
  connection_->send({.type = MessageType::probe, .frame = 4, .payload = std::vector<std::byte>(20 << 20)});
  EXPECT_EQ(read_raw().frame, 3U);
  EXPECT_EQ(read_raw().frame, 4U);
  EXPECT_EQ(lost_, "");
}

TEST_F(ConnectionTest, AMessageThatThePeerDoesNotTakeIsGivenUp) {
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

TEST_F(ConnectionTest, AFarewellIsNoError) {
  open();
  receive();
  write_raw(bytes_of(farewell_message("finished")));
  ASSERT_TRUE(run_until([this] { return !farewell_.empty(); }));
  EXPECT_EQ(farewell_, "finished");
  EXPECT_EQ(lost_, "");
}

TEST_F(ConnectionTest, WhoLeavesSaysSo) {
  open();
  connection_->leave("stopped");
  const Message message = read_raw();
  ASSERT_EQ(message.type, MessageType::farewell);
  EXPECT_EQ(parse_farewell(message).verb(), "stopped");
}

TEST_F(ConnectionTest, OnlyAStrangerSpeaksAnotherVersion) {
  std::vector<std::byte> other = bytes_of({.type = MessageType::heartbeat, .payload = {}});
  other[4] = std::byte{9};
  open();
  receive();
  write_raw(other);
  ASSERT_TRUE(run_until_lost());
  EXPECT_NE(lost_.find("version 9"), std::string::npos) << lost_;
  lost_.clear();
  raw_.close();
  open();
  receive();
  write_raw(bytes_of({.type = MessageType::heartbeat, .payload = {}}));
  write_raw(other);
  ASSERT_TRUE(run_until_lost());
  EXPECT_NE(lost_.find("damaged"), std::string::npos) << lost_;
}

}  // namespace
}  // namespace edge::net
