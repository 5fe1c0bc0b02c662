#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <future>
#include <new>
#include <random>
#include <thread>

#include "net/link_receiver.h"
#include "net/link_sender.h"
#include "net/listener.h"
#include "tests/net/unreliable_proxy.h"

namespace edge::net {
namespace {

using namespace std::chrono_literals;

/// Two arrays go with each frame.
const std::vector<ArraySpec> specs = {{.number = 1, .type = ElementType::f32, .shape = {1, 4, 16, 24}},
                                      {.number = 5, .type = ElementType::u8, .shape = {1, 3, 16, 24}}};

/// The opaque header of a frame: its number and something.
std::vector<std::byte> header_of(std::uint64_t number) {
  std::vector<std::byte> header(static_cast<std::size_t>(8 + number % 50), std::byte{0xab});
  std::memcpy(header.data(), &number, sizeof number);
  return header;
}

Identity identity(const std::string& role, int index) {
  return {.role = role,
          .index = index,
          .instance = static_cast<std::uint64_t>(index) + 100,
          .software_version = "1",
          .model_hash = "m",
          .model = "m",
          .isa = "scalar"};
}

/// Worker 0's sender and worker 1's receiver over real TCP, optionally through a proxy that cuts.
class Link {
 public:
  explicit Link(std::function<std::size_t()> next_cut = {}) {
    const ConnectionOptions options{.heartbeat = 100ms, .timeout = 1000ms};
    receiver = std::make_unique<LinkReceiver>(
        LinkReceiver::Options{.max_payload = max_frame_payload(specs)},
        LinkReceiver::Handlers{.arrays_of =
                                   [this](std::span<const std::byte> header) {
                                     judge_header(header);
                                     return is_over(header) ? std::nullopt : std::optional(specs);
                                   },
                               .failed = [this](const std::string& reason) { failed.set_value(reason); }});
    listener_ = std::make_unique<Listener>(
        context_, "127.0.0.1", std::uint16_t{0}, identity("worker", 1), LinkReceiver::window_frames, options,
        Listener::Handlers{
            .judge = [](const Hello&) { return std::nullopt; },
            .session = [this](auto connection, auto hello) { return receiver->serve(connection, hello); }});
    std::uint16_t port = listener_->port();
    if (next_cut) {
      proxy = std::make_unique<UnreliableProxy>(context_, port, std::move(next_cut));
      port = proxy->port();
    }
    sender = make_sender(0, port);
    listener_->start();
    sender->start();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Link() { stop(); }
  std::uint16_t port() const { return listener_->port(); }
  /// Another device's; it is connected soon after start().
  std::unique_ptr<LinkSender> make_sender(int index, std::uint16_t port) {
    return std::make_unique<LinkSender>(
        context_,
        LinkSender::Options{.connector = {.host = "127.0.0.1",
                                          .port = port,
                                          .hello = {.identity = identity("worker", index),
                                                    .purpose = Purpose::link,
                                                    .wanted_role = "worker",
                                                    .wanted_index = 1},
                                          .connection = {.heartbeat = 100ms, .timeout = 1000ms},
                                          .first_pause = 1ms,
                                          .longest_pause = 20ms}},
        LinkSender::Handlers{.refused = [this](const std::string& reason) { refused.set_value(reason); },
                             .failed = [this](const std::string& reason) { failed.set_value(reason); }});
  }
  asio::io_context& context() { return context_; }
  /// Stops all that goes on on the network: senders may be destroyed then.
  void stop() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  /// Deterministic arrays; about a tenth of the values differs from one frame to the next.
  static OutgoingFrame frame(std::uint64_t number) {
    OutgoingFrame frame{.frame = number, .coding = {}, .arrays = {}, .header = {}};
    frame.header = [number](const SendTimes& times) {
      EXPECT_GT(times.encode_at, 0);
      return header_of(number);
    };
    for (const ArraySpec& spec : specs) {
      FreshArray fresh = allocate_array(spec.type, spec.shape);
      for (std::size_t i = 0; i < fresh.array.elements(); ++i) {
        const std::uint64_t version = (number + i) / 10;
        const auto value = static_cast<float>((version * 2654435761U + i * 40503U) % 1000003U) - 5e5F;
        const std::size_t bytes = element_bytes(spec.type);
        std::memcpy(fresh.data + i * bytes, &value, bytes);
      }
      frame.arrays[spec.number] = fresh.array;
    }
    return frame;
  }
  static bool same(const IncomingFrame& received, std::uint64_t number) {
    const ArrayMap expected = frame(number).arrays;
    return received.frame == number && received.header == header_of(number) &&
           std::equal(expected.begin(), expected.end(), received.arrays.begin(), received.arrays.end(),
                      [](const auto& x, const auto& y) {
                        return x.first == y.first && x.second.shape() == y.second.shape() &&
                               x.second.bytes() == y.second.bytes() &&
                               std::memcmp(x.second.data(), y.second.data(), x.second.bytes()) == 0;
                      });
  }
  /// Sends frames 0 .. count - 1 from a thread of its own and expects them all, in order, once.
  void expect_all_arrive(std::uint64_t count, const std::function<void(std::uint64_t)>& before_pop = {}) {
    std::thread feeder([&] {
      for (std::uint64_t i = 0; i < count; ++i) sender->send(frame(i));
    });
    for (std::uint64_t i = 0; i < count; ++i) {
      if (before_pop) before_pop(i);
      const std::optional<IncomingFrame> received = receiver->pop();
      ASSERT_TRUE(received);
      EXPECT_TRUE(same(*received, i)) << "frame " << i << ", got " << received->frame;
      EXPECT_GT(received->times.bytes, header_bytes);
      EXPECT_GT(received->times.received_at, 0);
    }
    feeder.join();
  }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::unique_ptr<Listener> listener_;
  std::thread thread_;

 public:
  std::unique_ptr<LinkReceiver> receiver;
  std::unique_ptr<UnreliableProxy> proxy;
  std::unique_ptr<LinkSender> sender;
  std::promise<std::string> refused;
  std::promise<std::string> failed;
  /// What the receiving end's user says to a header.
  std::function<void(std::span<const std::byte>)> judge_header = [](auto) {};
  std::function<bool(std::span<const std::byte>)> is_over = [](auto) { return false; };
};

TEST(Link, FramesArriveInOrderBitForBit) {
  Link link;
  link.expect_all_arrive(200);
}

TEST(Link, NeedFullWorksAtAnyTime) {
  Link link;
  std::mt19937 random(3);
  link.expect_all_arrive(100, [&](std::uint64_t) {
    if (random() % 5 == 0) link.receiver->forget_bases();
  });
}

TEST(Link, SurvivesCutConnections) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    std::mt19937 random(seed);
    Link link([&random] { return random() % 20000; });
    link.expect_all_arrive(30);
    EXPECT_GT(link.proxy->connections(), 1) << "no connection was cut: the test shows nothing";
  }
}

TEST(Link, SlowConsumerHoldsTheSenderBack) {
  Link link;
  std::atomic<std::uint64_t> sent{0};
  std::thread feeder([&] {
    while (sent < 40 && link.sender->send(Link::frame(sent))) ++sent;
  });
  std::this_thread::sleep_for(300ms);
  // In the sender's queue, under way, decoded, and one that waits for room.
  EXPECT_LE(sent, static_cast<std::uint64_t>(LinkReceiver::window_frames) + 4);
  for (std::uint64_t i = 0; i < 40; ++i) EXPECT_EQ(link.receiver->pop()->frame, i);
  feeder.join();
}

TEST(Link, ResetDropsWhatIsQueued) {
  Link link;
  link.expect_all_arrive(3);
  link.sender->reset();
  link.sender->send(Link::frame(77));
  EXPECT_TRUE(Link::same(*link.receiver->pop(), 77));
}

TEST(Link, SendersTakeOverFromEachOther) {
  Link link;
  const std::unique_ptr<LinkSender> other = link.make_sender(2, link.port());
  other->start();
  std::mt19937 random(5);
  std::uint64_t next = 0;
  for (int turn = 0; turn < 30; ++turn) {
    LinkSender& sender = turn % 2 == 0 ? *link.sender : *other;
    sender.reset();  // as at the beginning of an epoch: the first one goes whole
    const std::uint64_t end = next + 1 + random() % 5;
    std::thread feeder([&, first = next] {
      for (std::uint64_t i = first; i < end; ++i) sender.send(Link::frame(i));
    });
    for (; next < end; ++next) {
      const std::optional<IncomingFrame> received = link.receiver->pop();
      ASSERT_TRUE(received);
      EXPECT_TRUE(Link::same(*received, next)) << "frame " << next << ", got " << received->frame;
    }
    feeder.join();
  }
  link.stop();
}

TEST(Link, WhoIsInterruptedByAnotherSenderBeginsAnew) {
  Link link;
  const std::unique_ptr<LinkSender> other = link.make_sender(2, link.port());
  other->start();
  // Both without a reset: whatever order they come in, each frame comes once and is right.
  std::thread feeder([&] {
    for (std::uint64_t i = 0; i < 40; ++i) link.sender->send(Link::frame(i));
  });
  std::thread other_feeder([&] {
    for (std::uint64_t i = 1000; i < 1040; ++i) other->send(Link::frame(i));
  });
  std::array<std::uint64_t, 2> next = {0, 1000};
  for (int i = 0; i < 80; ++i) {
    const std::optional<IncomingFrame> received = link.receiver->pop();
    ASSERT_TRUE(received);
    std::uint64_t& due = next[received->frame >= 1000 ? 1 : 0];
    EXPECT_TRUE(Link::same(*received, due)) << "frame " << due << ", got " << received->frame;
    ++due;
  }
  feeder.join();
  other_feeder.join();
  link.stop();
}

TEST(Link, FramesThatAreOverAreAcknowledgedAndDropped) {
  Link link;
  const auto number = [](std::span<const std::byte> header) {
    std::uint64_t value = 0;
    std::memcpy(&value, header.data(), sizeof value);
    return value;
  };
  link.is_over = [&](std::span<const std::byte> header) { return number(header) < 50; };
  std::thread feeder([&] {
    for (std::uint64_t i = 0; i < 60; ++i) link.sender->send(Link::frame(i));
  });
  for (std::uint64_t i = 50; i < 60; ++i) {
    const std::optional<IncomingFrame> received = link.receiver->pop();
    ASSERT_TRUE(received);
    EXPECT_TRUE(Link::same(*received, i)) << "based on what was dropped, or not: got " << received->frame;
  }
  feeder.join();
}

TEST(Link, AnotherProcessThanTheOneThatIsMeantGetsNothing) {
  Link link;
  std::promise<void> told;
  asio::post(link.context(), [&] {
    link.sender->expect(7);  // the receiver is 101
    told.set_value();
  });
  told.get_future().wait();
  std::thread feeder([&] {
    for (std::uint64_t i = 0; i < 5; ++i) link.sender->send(Link::frame(i));
  });
  std::atomic<int> arrived{0};
  std::thread consumer([&] {
    for (; arrived < 5; ++arrived)
      EXPECT_EQ(link.receiver->pop()->frame, static_cast<std::uint64_t>(arrived));
  });
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(arrived, 0);
  asio::post(link.context(), [&] { link.sender->expect(101); });
  consumer.join();
  feeder.join();
}

TEST(Link, AHeaderThatCannotBeIsRefusedAtBothEnds) {
  Link link;
  link.judge_header = [](auto) { throw ConnectionLost("a frame for another chain"); };
  link.sender->send(Link::frame(0));
  const std::string reason = link.refused.get_future().get();
  EXPECT_NE(reason.find("worker 1 at 127.0.0.1"), std::string::npos) << reason;
  EXPECT_NE(reason.find("refused: a frame for another chain"), std::string::npos) << reason;
}

TEST(Link, TheReceivingThreadSaysWhyItEnds) {
  Link link;
  link.judge_header = [](auto) { throw std::bad_alloc(); };
  link.sender->send(Link::frame(0));
  EXPECT_EQ(link.failed.get_future().get(), "out of memory");
  EXPECT_FALSE(link.receiver->pop());
}

TEST(Link, TheSendingThreadSaysWhyItEnds) {
  Link link;
  OutgoingFrame frame = Link::frame(0);
  frame.header = [](const SendTimes&) -> std::vector<std::byte> { throw std::bad_alloc(); };
  link.sender->send(std::move(frame));
  EXPECT_EQ(link.failed.get_future().get(), "out of memory");
  EXPECT_FALSE(link.sender->send(Link::frame(1)));
}

void send_raw(std::uint16_t port, const std::vector<std::byte>& bytes) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), port});
  asio::error_code ignored;
  asio::write(socket, asio::buffer(bytes), ignored);
}

TEST(Link, StrangersDoNotDisturbThePeer) {
  Link link;
  std::mt19937 random(11);
  for (int i = 0; i < 40; ++i) {
    std::vector<std::byte> bytes(random() % 300);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    send_raw(link.port(), bytes);
    Message huge{.type = MessageType::frame, .payload = std::vector<std::byte>(100)};
    auto header = pack_header(huge);
    header[18] = std::byte{0xff};
    header[19] = std::byte{0x7f};
    send_raw(link.port(), {header.begin(), header.end()});
    Message truncated = pack(Hello{});
    const auto part = pack_header(truncated);
    send_raw(link.port(), {part.begin(), part.end()});
  }
  asio::io_context context;
  std::vector<asio::ip::tcp::socket> half_open;
  for (int i = 0; i < 20; ++i) {
    half_open.emplace_back(context);
    half_open.back().connect({asio::ip::address_v4::loopback(), link.port()});
  }
  link.expect_all_arrive(50);
}

}  // namespace
}  // namespace edge::net
