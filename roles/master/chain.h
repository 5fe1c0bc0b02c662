// The master's connections to its workers: turns what comes over them into events. What they mean for the run
// is Run's business.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/clock_questions.h"
#include "net/connector.h"
#include "net/measurements.h"
#include "net/transfer_meter.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/result.h"
#include "roles/config/config.h"
#include "roles/model.h"

namespace edge {

/// Keeps a control connection to every worker. While a worker is busy with another master, those behind it
/// are let go: two masters that start together would otherwise each hold what the other waits for, for ever.
/// Lives on the io_context's thread; handlers are called there.
class Chain {
 public:
  struct Handlers {
    /// A worker has connected, and is what it should be.
    std::function<void(int worker, const net::Identity& identity)> up;
    /// Its connection was lost: frames under way may be lost with it.
    std::function<void(int worker)> lost;
    /// It sent what cannot be (one line); its connection is given up, and lost() follows.
    std::function<void(int worker, const std::string& reason)> offended;
    /// Seconds of each layer on it.
    std::function<void(int worker, std::vector<double> layer_cost)> profiled;
    /// Points in time in its reports are on our clock; 0 where a worker's clock is not known yet.
    std::function<void(chain::Result)> result;
    /// A worker has measured a link of its own.
    std::function<void(int worker, const net::LinkMeasurement& measured)> link_probed;
    /// A link of a worker is there, or cannot be made.
    std::function<void(int worker, const chain::LinkState& state)> link_state;
    /// There is no connection to it, for this reason; it is tried again and again.
    std::function<void(int worker, const std::string& reason)> waiting;
    /// A worker refused us, or cannot go on (one line).
    std::function<void(int worker, const std::string& reason)> failed;
  };

  /// `decoder`: of the objects that results must have; null: none. It and `model` outlive this.
  Chain(asio::io_context& context, const Config& config, const Model& model,
        const detection::Decoder* decoder, const net::Identity& identity, Handlers handlers);
  void start();
  /// Tells a worker which links to keep, if it is connected.
  void tell_route(int worker, const chain::RouteOrder& order);
  /// Says farewell to all workers ("finished", "stopped"): the process is about to end.
  void leave(const std::string& verb);

 private:
  struct RemoteWorker {
    explicit RemoteWorker(asio::io_context& context) : clock(context) {}
    net::ClockQuestions clock;
    std::unique_ptr<net::Connector> connector;
    std::shared_ptr<net::Connection> connection;  ///< null: none
    bool busy = false;                            ///< with another master
    bool held = false;                            ///< not asked for, because one in front of it is busy
  };

  int size() const { return static_cast<int>(workers_.size()); }
  asio::awaitable<void> serve(int index, std::shared_ptr<net::Connection> connection, net::Welcome welcome);
  void busy(int index, bool with_another);
  void handle(int index, const net::Message& message);
  bool leads_on(int from, int to) const;
  void align_clocks(std::vector<chain::StageReport>& stages) const;

  const Model& model_;
  const detection::Decoder* const decoder_;
  Handlers handlers_;
  std::vector<std::unique_ptr<RemoteWorker>> workers_;
};

}  // namespace edge
