// The master's connections over the loopback interface: what workers send becomes events.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <chrono>

#include "roles/master/chain.h"
#include "tests/roles/fake_worker.h"

namespace edge {
namespace {

using namespace std::chrono_literals;
using test::FakeWorker;

using Events = std::vector<std::string>;

const ModelConfig model_config = {.name = "toy_dag", .rows = 32, .columns = 32};

/// A chain of fake workers, and the events that it has given so far.
class ChainTest : public ::testing::Test {
 protected:
  ChainTest() { config_.model = model_config; }

  FakeWorker& add_worker(FakeWorker::Script script) {
    const int index = static_cast<int>(config_.workers.size());
    workers_.push_back(std::make_unique<FakeWorker>(context_, model_, index, std::move(script)));
    config_.workers.emplace_back().address = {.host = "127.0.0.1", .port = workers_.back()->port()};
    return *workers_.back();
  }

  void start() {
    const auto add = [this](const std::string& event) { events_.push_back(event); };
    chain_.emplace(
        context_, config_, model_, nullptr, make_identity("master", 0, model_),
        Chain::Handlers{
            .up =
                [=](int worker, const net::Identity& identity) {
                  add(fmt::format("up {} {}", worker, identity.name()));
                },
            .lost = [=](int worker) { add(fmt::format("lost {}", worker)); },
            .offended =
                [=](int worker, const std::string& reason) {
                  add(fmt::format("offended {}: {}", worker, reason));
                },
            .profiled =
                [=](int worker, const std::vector<double>& layer_cost) {
                  add(fmt::format("profiled {}: {} layers", worker, layer_cost.size()));
                },
            .result =
                [=](const chain::Result& result) {
                  add(fmt::format("result {} of {}/{}", result.frame, result.run.instance, result.run.epoch));
                },
            .link_probed =
                [=](int worker, const net::LinkMeasurement& link) {
                  add(fmt::format("link {}-{}: {} bytes", worker, link.to, link.transfer.bytes));
                },
            .link_state =
                [=](int worker, const chain::LinkState& link) {
                  add(fmt::format("link {}-{} {}", worker, link.to, link.connected ? "up" : link.reason));
                },
            .waiting = [=](int worker, const std::string&) { add(fmt::format("waiting {}", worker)); },
            .failed = [=](int worker,
                          const std::string& reason) { add(fmt::format("failed {}: {}", worker, reason)); }});
    chain_->start();
  }

  /// Until `event` has come.
  void expect(const std::string& event) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    const auto came = [&] { return std::count(events_.begin(), events_.end(), event) > 0; };
    while (!came() && std::chrono::steady_clock::now() < end) context_.run_one_for(100ms);
    EXPECT_TRUE(came()) << event << "; what came: " << fmt::format("{}", fmt::join(events_, ", "));
  }

  asio::io_context context_;
  Config config_;
  const Model model_ = load_model(model_config);
  std::vector<std::unique_ptr<FakeWorker>> workers_;
  std::optional<Chain> chain_;
  Events events_;
};

TEST_F(ChainTest, TellsWhoIsThereAndWhatTheySay) {
  add_worker({.master = [](FakeWorker& worker) {
    worker.send_profile();
    worker.send(net::transfer_message({.to = 1, .transfer = {.bytes = 5000, .seconds = 0.5}}));
    worker.send_result(7, {.instance = 9, .epoch = 2});
  }});
  start();
  expect("result 7 of 9/2");
  EXPECT_EQ(events_, (Events{"up 0 worker 0", fmt::format("profiled 0: {} layers", model_.graph.size()),
                             "result 7 of 9/2"}))
      << "there is no worker 1";
}

TEST_F(ChainTest, AWorkerTellsOfTheLinkBehindIt) {
  add_worker({.master = [](FakeWorker& worker) {
    worker.send(net::transfer_message({.to = 1, .transfer = {.bytes = 5000, .seconds = 0.5}}));
  }});
  add_worker({});
  start();
  expect("link 0-1: 5000 bytes");
}

TEST_F(ChainTest, AWorkerTellsWhetherALinkCanBeMade) {
  add_worker({.master = [](FakeWorker& worker) {
    worker.send(chain::link_state_message({.to = 1, .connected = false, .reason = "no route to host"}));
    worker.send(chain::link_state_message({.to = 7, .connected = true}));
    worker.send(chain::link_state_message({.to = 0, .connected = true}));
    worker.send(chain::link_state_message({.to = 1, .connected = true}));
  }});
  add_worker({});
  start();
  expect("link 0-1 up");
  std::erase_if(events_, [](const std::string& event) { return !event.starts_with("link"); });
  EXPECT_EQ(events_, (Events{"link 0-1 no route to host", "link 0-1 up"})) << "there are no other links";
}

TEST_F(ChainTest, NonsenseCostsTheConnectionAndIsTriedAgain) {
  int connections = 0;
  add_worker({.master = [&](FakeWorker& worker) {
    switch (++connections) {
      case 1:
        return worker.send_damaged_result(0, {});
      case 2:
        return worker.send({.type = net::MessageType::result, .payload = {}});
      case 3:
        return worker.send({.type = net::MessageType::profile, .payload = net::to_cbor({{"no", "profile"}})});
      case 4:
        return worker.send({.type = net::MessageType::frame, .payload = {}});
      default:
        return worker.send_profile();
    }
  }});
  start();
  expect(fmt::format("profiled 0: {} layers", model_.graph.size()));
  EXPECT_EQ(connections, 5);
  EXPECT_EQ(workers_[0]->open_connections(), 1) << "the others are not left open";
  std::erase(events_, "waiting 0");
  ASSERT_EQ(events_.size(), 4U * 3 + 2);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(events_[3 * i], "up 0 worker 0");
    EXPECT_TRUE(events_[3 * i + 1].starts_with("offended 0: it sent ")) << events_[3 * i + 1];
    EXPECT_EQ(events_[3 * i + 2], "lost 0");
  }
}

TEST_F(ChainTest, WhatOnlyALiarSendsCostsItsConnection) {
  int connections = 0;
  add_worker({.master = [&](FakeWorker& worker) {
    switch (++connections) {
      case 1:
        return worker.send(net::clock_message(net::ClockAnswer{.asked = -1e9, .clock = 5}));
      case 2:
        return worker.send_profile(1e-300);
      case 3:
        return worker.send_profile(1e300);
      case 4:
        return worker.send(
            chain::pack(chain::Result{.frame = 1, .run = {}, .stages = {{.worker = -1}, {.worker = 5}}}, {}));
      case 5:
        return worker.send(chain::pack(
            chain::Result{.frame = 1, .run = {}, .stages = {{.worker = 0, .compute_s = 1e300}}}, {}));
      default:
        return worker.send_profile();
    }
  }});
  start();
  expect(fmt::format("profiled 0: {} layers", model_.graph.size()));
  std::erase_if(events_, [](const std::string& event) { return !event.starts_with("offended"); });
  EXPECT_EQ(events_, (Events{"offended 0: it answered a question about time that was not asked",
                             "offended 0: it sent impossible layer costs",
                             "offended 0: it sent impossible layer costs",
                             "offended 0: it sent a result that ends with another worker's stage report",
                             "offended 0: it sent a stage report with an impossible number"}));
}

TEST_F(ChainTest, ALostConnectionIsMadeAnew) {
  FakeWorker& worker = add_worker({});
  const std::string profiled = fmt::format("profiled 0: {} layers", model_.graph.size());
  start();
  expect(profiled);
  worker.drop_connections();
  expect("lost 0");
  events_.clear();
  expect(profiled);
  std::erase(events_, "waiting 0");
  EXPECT_EQ(events_, (Events{"up 0 worker 0", profiled}));
}

TEST_F(ChainTest, AFailureIsTold) {
  add_worker({.master = [](FakeWorker& worker) { worker.send(chain::failure_message("out of memory")); }});
  start();
  expect("failed 0: out of memory");
}

TEST_F(ChainTest, ARefusalNamesTheWorker) {
  add_worker({.judge = [](const net::Hello&) { return net::Refusal{.reason = "another model"}; }});
  start();
  expect(fmt::format("failed 0: worker 0 at 127.0.0.1:{} refused: another model", workers_[0]->port()));
}

TEST_F(ChainTest, ABusyWorkerIsWaitedFor) {
  add_worker({.judge = [](const net::Hello&) { return net::Refusal{.reason = "busy", .final = false}; }});
  start();
  expect("waiting 0");
  EXPECT_EQ(events_, Events{"waiting 0"});
}

TEST_F(ChainTest, HoldsNoWorkerWhileOneInFrontOfItIsBusy) {
  bool busy = true;
  add_worker({.judge = [&](const net::Hello&) -> std::optional<net::Refusal> {
    if (!busy) return std::nullopt;
    return net::Refusal{.reason = "worker 0 is busy with another one", .final = false};
  }});
  FakeWorker& second = add_worker({});
  start();
  const auto run_until = [&](const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!done() && std::chrono::steady_clock::now() < end) context_.run_one_for(10ms);
    return done();
  };
  const auto held = [&] {
    return std::count(events_.begin(), events_.end(), "waiting 0") >= 5 && second.open_connections() == 0;
  };
  EXPECT_TRUE(run_until(held)) << "another master that has worker 0 would wait for worker 1 for ever";
  const auto ups = std::count(events_.begin(), events_.end(), "up 1 worker 1");
  EXPECT_LE(ups, 1) << "it is not taken again and again";
  busy = false;
  expect("up 0 worker 0");
  EXPECT_TRUE(run_until([&] {
    return std::count(events_.begin(), events_.end(), "up 1 worker 1") == ups + 1;
  })) << fmt::format("{}", fmt::join(events_, ", "));
}

}  // namespace
}  // namespace edge
