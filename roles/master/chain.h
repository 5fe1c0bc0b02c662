// The master's view of its workers: control connections, profiles, results.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/clock_questions.h"
#include "net/connector.h"
#include "net/transfer_meter.h"
#include "roles/chain/result.h"
#include "roles/config/config.h"
#include "roles/model.h"

namespace edge {

/// Keeps a control connection to every worker. Lives on the io_context's thread; handlers are called there.
class Chain {
 public:
  struct Handlers {
    /// Every worker is connected and profiled, and has measured the link behind it; called again each time
    /// after one was lost.
    std::function<void()> complete;
    /// A worker's connection was lost: frames under way may be lost with it.
    std::function<void(int worker)> lost;
    /// Points in time in its reports are on our clock; 0 where a worker's clock is not known yet.
    std::function<void(chain::Result)> result;
    /// A worker has probed the link into `worker`.
    std::function<void(int worker, const net::Transfer& transfer)> probed;
    /// The run cannot go on (one line).
    std::function<void(const std::string& reason)> failed;
  };

  Chain(asio::io_context& context, const Config& config, const Model& model, const net::Identity& identity,
        Handlers handlers);
  void start();
  void stop();

  /// Valid once complete.
  const std::vector<double>& layer_cost(int worker) const {
    return workers_[static_cast<std::size_t>(worker)]->layer_cost;
  }
  const std::string& isa(int worker) const { return workers_[static_cast<std::size_t>(worker)]->isa; }
  int size() const { return static_cast<int>(workers_.size()); }

 private:
  struct RemoteWorker {
    explicit RemoteWorker(asio::io_context& context) : clock(context), profile_due(context) {}
    bool connected = false;
    bool link_measured = false;  ///< the one behind it, at least once; or there is none
    net::ClockQuestions clock;
    asio::steady_timer profile_due;  ///< when to say that we wait for what it measures
    std::string isa;
    std::vector<double> layer_cost;
    std::unique_ptr<net::Connector> connector;
  };

  asio::awaitable<void> serve(int index, std::shared_ptr<net::Connection> connection, net::Welcome welcome);
  void handle(int index, const net::Message& message);
  void announce_if_complete();
  void align_clocks(std::vector<chain::StageReport>& stages) const;

  const Model& model_;
  Handlers handlers_;
  std::vector<std::unique_ptr<RemoteWorker>> workers_;
};

}  // namespace edge
