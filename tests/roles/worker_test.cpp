// A worker in this process, between the test's own master and no next worker.
#include "roles/worker/worker.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/connector.h"
#include "net/link_frame.h"
#include "net/link_sender.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/frame_header.h"
#include "roles/chain/result.h"
#include "roles/profile_cache.h"
#include "roles/worker/profile.h"

namespace edge {
namespace {

using namespace std::chrono_literals;

int listening_socket() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(descriptor, 16), 0);
  return descriptor;
}

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    std::string directory = (std::filesystem::temp_directory_path() / "edge-worker-XXXXXX").string();
    directory_ = mkdtemp(directory.data());
    config_ = parse_config("cache_directory = \"" + directory_.string() +
                               "\"\n[model]\nname = \"toy_dag\"\nframe_size = [32, 32]\n"
                               "[[workers]]\naddress = \"127.0.0.1:7000\"\nthreads = 1\n",
                           directory_ / "config.toml");
    model_.emplace(load_model(config_.model));
    // So that nothing is measured.
    const ProfileKey key = profile_key(1, make_identity("worker", 0, *model_));
    const std::vector<double> cost(static_cast<std::size_t>(model_->graph.size()), 0.001);
    EXPECT_EQ(ProfileCache(directory_).store(key, cost), "");
  }
  ~WorkerTest() override {
    if (worker_) worker_->request_stop();
    if (thread_.joinable()) thread_.join();
    std::filesystem::remove_all(directory_);
  }
  void start_worker() {
    worker_ = std::make_unique<Worker>(config_,
                                       WorkerOptions{.index = 0, .listening_descriptor = listening_socket()});
    thread_ = std::thread([this] { worker_->run(); });
  }

  /// The control connection and the link of one master, on the test's thread.
  struct Master {
    explicit Master(const WorkerTest& test, int wanted_index = 0)
        : model(*test.model_),
          hello{.identity = make_identity("master", 0, model),
                .purpose = net::Purpose::control,
                .wanted_role = "worker",
                .wanted_index = wanted_index},
          control(context, options(test, net::Purpose::control),
                  {.session = [this](auto connection, auto) { return listen(connection); },
                   .refused = [this](const std::string& reason) { refused = reason; }}),
          link(context, {.connector = options(test, net::Purpose::link)},
               {.refused = [this](const std::string& reason) { link_refused = reason; }}) {
      control.start();
      link.start();
    }
    net::Connector::Options options(const WorkerTest& test, net::Purpose purpose) {
      net::Hello own = hello;
      own.purpose = purpose;
      return {.host = "127.0.0.1",
              .port = test.worker_->port(),
              .hello = own,
              .connection = {},
              .first_pause = 1ms,
              .longest_pause = 5ms};
    }
    asio::awaitable<void> listen(std::shared_ptr<net::Connection> connection) {
      connection->send(chain::route_message({.epoch = 1}));
      try {
        for (;;) messages.push_back((co_await connection->receive()).message);
      } catch (const net::PeerLeft& left) {
        farewell = left.verb();
        throw;
      }
    }
    std::optional<net::Message> got(net::MessageType type) const {
      for (const net::Message& message : messages) {
        if (message.type == type) return message;
      }
      return std::nullopt;
    }
    void send(std::uint64_t frame, const std::vector<LayerIndex>& ends) {
      FreshArray fresh = allocate_array(ElementType::u8, {1, 3, 32, 32});
      for (std::size_t i = 0; i < fresh.array.bytes(); ++i) fresh.data[i] = static_cast<std::byte>(i);
      link.send(chain::outgoing_frame(frame,
                                      {.run = {.instance = hello.identity.instance, .epoch = 1},
                                       .ends = ends,
                                       .route = {0},
                                       .options = {}},
                                      {{0, fresh.array}}, [](const net::SendTimes& sent) {
                                        return chain::stage_report(-1, {}, {}, sent);
                                      }));
    }
    /// Runs what is due until `done`; false after twenty seconds, which a test that passes never needs.
    bool run_until(const std::function<bool()>& done) {
      const auto limit = std::chrono::steady_clock::now() + 20s;
      while (!done() && std::chrono::steady_clock::now() < limit) {
        context.restart();
        context.run_one_for(10ms);
      }
      return done();
    }
    void leave() {
      control.leave("finished");
      link.leave("finished");
    }

    const Model& model;
    net::Hello hello;
    std::vector<net::Message> messages;
    std::string refused;
    std::string link_refused;
    std::string farewell;
    asio::io_context context;
    net::Connector control;
    net::LinkSender link;
  };

  void expect_a_result(Master& master) {
    // A frame that comes before its master's control connection is dropped.
    ASSERT_TRUE(master.run_until([&] { return master.got(net::MessageType::profile).has_value(); }))
        << master.refused;
    master.send(5, {model_->graph.size()});
    ASSERT_TRUE(master.run_until([&] { return master.got(net::MessageType::result).has_value(); }))
        << master.refused << master.link_refused;
    const chain::Result result = chain::parse_result(*master.got(net::MessageType::result),
                                                     {.graph = model_->graph}, kernels::active_isa());
    EXPECT_EQ(result.frame, 5U);
    EXPECT_EQ(result.run.instance, master.hello.identity.instance);
    ASSERT_EQ(result.stages.size(), 2U);
    EXPECT_EQ(result.stages[1].worker, 0);
    EXPECT_GT(result.stages[1].receive_bytes, 0U);
    EXPECT_GT(result.stages[1].compute_s, 0);
    EXPECT_GT(result.stages[1].encode_at, 0);
  }

  std::filesystem::path directory_;
  Config config_;
  std::optional<Model> model_;
  std::unique_ptr<Worker> worker_;
  std::thread thread_;
};

TEST_F(WorkerTest, ServesOneMasterAfterTheOther) {
  start_worker();
  for (int run = 0; run < 2; ++run) {
    Master master(*this);
    expect_a_result(master);
    master.leave();
  }
}

TEST_F(WorkerTest, AFrameForAnotherChainIsRefusedAndWedgesNobody) {
  start_worker();
  {
    Master master(*this);
    master.send(0, {3, model_->graph.size()});
    ASSERT_TRUE(master.run_until([&] { return !master.link_refused.empty(); }));
    EXPECT_NE(master.link_refused.find("a frame with layers for a worker that it does not go to"),
              std::string::npos)
        << master.link_refused;
    master.leave();
  }
  Master next(*this);
  expect_a_result(next);
}

/// A link over which a test says what it likes, behind the handshake.
struct RawLink {
  RawLink(asio::io_context& context, net::Connector::Options options, net::Message first)
      : message(std::move(first)),
        connector(context, std::move(options),
                  {.session = [this](auto connection, auto) { return talk(connection); },
                   .refused = [](const std::string&) {}}) {
    connector.start();
  }
  asio::awaitable<void> talk(std::shared_ptr<net::Connection> connection) {
    ++sessions;
    connection->send(message);
    for (;;) {
      const net::Message answer = (co_await connection->receive()).message;
      if (answer.type == net::MessageType::refusal) reason = net::parse_refusal(answer).reason;
    }
  }
  net::Message message;
  int sessions = 0;
  std::string reason;
  net::Connector connector;
};

TEST_F(WorkerTest, FramesOfAHostileMasterAreRefusedAndBendNothing) {
  start_worker();
  using nlohmann::json;
  const LayerIndex end = model_->graph.size();
  const auto stage = [](double seconds) {
    return json::array({json::array({-1, 0, 0, 0, 0, seconds, 0, 0, 0, 0, 0, 0, 0, 0, 0})});
  };
  const std::vector<std::pair<std::string, json>> lies{
      {"plan", json::array({end + 1})},
      {"plan", json::array({(std::int64_t{1} << 32) + end})},
      {"plan", json::array({0})},
      {"plan", json::array({-1})},
      {"plan", json::array({std::numeric_limits<double>::quiet_NaN()})},
      {"plan", json::array()},
      {"route", json::array({1})},
      {"route", json::array({-1, 0})},
      {"route", json::array({0, 1})},
      {"route", json::array({0, 0})},
      {"route", json::array()},
      {"route", json::array({std::int64_t{1} << 32})},
      {"layers", json::array({1})},
      {"layers", json::array({0, 0})},
      {"top_k", std::int64_t{1} << 40},
      {"run", json::array({1, std::int64_t{1} << 40})},
      {"run", json::array({-1, 0})},
      {"stages", stage(1e300)},
      {"stages", stage(std::numeric_limits<double>::quiet_NaN())},
      {"stages", json(std::vector<json>(1000, stage(0)[0]))},
  };
  for (const auto& [key, lie] : lies) {
    Master hostile(*this);
    ASSERT_TRUE(hostile.run_until([&] { return hostile.got(net::MessageType::profile).has_value(); }))
        << hostile.refused;
    hostile.link.leave("finished");
    json header =
        net::from_cbor(chain::pack({.run = {.instance = hostile.hello.identity.instance, .epoch = 1},
                                    .ends = {end},
                                    .route = {0},
                                    .options = {}},
                                   {0}));
    header[key] = lie;
    RawLink link(hostile.context, hostile.options(*this, net::Purpose::link),
                 {.type = net::MessageType::frame,
                  .flags = net::flag_restart,
                  .payload = net::pack_frame({.sequence = 0, .header = net::to_cbor(header), .arrays = {}})});
    EXPECT_TRUE(hostile.run_until([&] { return !link.reason.empty(); })) << key << " " << lie;
    EXPECT_FALSE(hostile.got(net::MessageType::result)) << key << " " << lie;
    link.connector.leave("finished");
    hostile.leave();
  }
  Master next(*this);
  expect_a_result(next);
}

TEST_F(WorkerTest, ACachedProfileDoesNotWaitForAnotherProcessThatMeasures) {
  const ProfileLock measuring = ProfileCache(directory_).lock();
  ASSERT_TRUE(measuring.held());
  start_worker();
  Master master(*this);
  ASSERT_TRUE(master.run_until([&] { return master.got(net::MessageType::profile).has_value(); }));
  EXPECT_EQ(chain::parse_profile(*master.got(net::MessageType::profile), model_->graph)[3], 0.001);
}

TEST_F(WorkerTest, SaysFarewellWhenItStops) {
  start_worker();
  Master master(*this);
  ASSERT_TRUE(master.run_until([&] { return master.got(net::MessageType::profile).has_value(); }));
  // A farewell does not cut a message that is being written. Who is answered after the profile has arrived
  // proves that the worker's thread has seen the end of writing it.
  Master other(*this, 7);
  ASSERT_TRUE(other.run_until([&] { return !other.refused.empty(); }));
  worker_->request_stop();
  ASSERT_TRUE(master.run_until([&] { return !master.farewell.empty(); }));
  EXPECT_EQ(master.farewell, "stopped");
}

}  // namespace
}  // namespace edge
