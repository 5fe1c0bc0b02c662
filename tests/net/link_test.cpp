#include <gtest/gtest.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <future>
#include <random>
#include <thread>

#include "engine/graph.h"
#include "net/link_receiver.h"
#include "net/link_sender.h"
#include "net/listener.h"
#include "tests/net/unreliable_proxy.h"

namespace edge::net {
namespace {

using namespace std::chrono_literals;

/// Two tensors cross the cut in front of layer 3.
Graph two_branches() {
  Graph graph("two_branches", {1, 3, 16, 24});
  const LayerIndex a = graph.add("a", Conv2dLayer{.out_channels = 4}, {0});
  const LayerIndex b = graph.add("b", Conv2dLayer{.out_channels = 4}, {0});
  graph.add("add", AddLayer{}, {a, b});
  return graph;
}

Identity identity(const std::string& role, int index) {
  return {.role = role,
          .index = index,
          .instance = static_cast<std::uint64_t>(index) + 100,
          .software_version = "1",
          .model_hash = "m",
          .model = "two_branches",
          .isa = "scalar"};
}

/// Worker 0's sender and worker 1's receiver over real TCP, optionally through a proxy that cuts.
class Link {
 public:
  explicit Link(std::function<std::size_t()> next_cut = {}) : graph_(two_branches()) {
    const ConnectionOptions options{.heartbeat = 100ms, .timeout = 1000ms};
    receiver = std::make_unique<LinkReceiver>(graph_, 1);
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
    sender = std::make_unique<LinkSender>(
        context_,
        LinkSender::Options{.connector = {.host = "127.0.0.1",
                                          .port = port,
                                          .hello = {.identity = identity("worker", 0),
                                                    .purpose = Purpose::link,
                                                    .wanted_role = "worker",
                                                    .wanted_index = 1},
                                          .connection = options,
                                          .first_pause = 1ms,
                                          .longest_pause = 20ms},
                            .worker = 1,
                            .sending_worker = 0},
        LinkSender::Handlers{.refused = [this](const std::string& reason) { refused = reason; }});
    listener_->start();
    sender->start();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Link() {
    context_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return listener_->port(); }

  /// Deterministic tensors; about a tenth of the values differs from one frame to the next.
  LinkFrame frame(std::uint64_t number) const {
    LinkFrame frame{.frame = number,
                    .run = {.instance = 5, .epoch = 1},
                    .ends = {3, 4},
                    .options = {},
                    .tensors = {},
                    .stages = {}};
    for (const LayerIndex layer : graph_.boundary(3)) {
      Tensor tensor(graph_.layer(layer).output_shape);
      for (std::size_t i = 0; i < tensor.elements(); ++i) {
        const std::uint64_t version = (number + i) / 10;
        tensor.data()[i] = static_cast<float>((version * 2654435761U + i * 40503U) % 1000003U) - 5e5F;
      }
      frame.tensors[layer] = elements_of(tensor);
    }
    return frame;
  }
  static bool same(const LinkFrame& a, const LinkFrame& b) {
    return a.frame == b.frame && a.ends == b.ends && a.tensors.size() == b.tensors.size() &&
           std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(),
                      [](const auto& x, const auto& y) {
                        return x.first == y.first && x.second.shape == y.second.shape &&
                               x.second.bytes() == y.second.bytes() &&
                               std::memcmp(x.second.data, y.second.data, x.second.bytes()) == 0;
                      });
  }
  /// Sends frames 0 .. count - 1 from a thread of its own and expects them all, in order, once.
  void expect_all_arrive(std::uint64_t count, const std::function<void(std::uint64_t)>& before_pop = {}) {
    std::thread feeder([&] {
      for (std::uint64_t i = 0; i < count; ++i) sender->send(frame(i));
    });
    for (std::uint64_t i = 0; i < count; ++i) {
      if (before_pop) before_pop(i);
      const std::optional<LinkFrame> received = receiver->pop();
      ASSERT_TRUE(received);
      EXPECT_TRUE(same(*received, frame(i))) << "frame " << i << ", got " << received->frame;
      EXPECT_EQ(received->stages.back().worker, 1);
      EXPECT_GT(received->stages.back().receive_bytes, header_bytes);
    }
    feeder.join();
  }

 private:
  Graph graph_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::unique_ptr<Listener> listener_;
  std::thread thread_;

 public:
  std::unique_ptr<LinkReceiver> receiver;
  std::unique_ptr<UnreliableProxy> proxy;
  std::unique_ptr<LinkSender> sender;
  std::string refused;
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
    while (sent < 40 && link.sender->send(link.frame(sent))) ++sent;
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
  link.sender->send(link.frame(77));
  EXPECT_TRUE(Link::same(*link.receiver->pop(), link.frame(77)));
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
