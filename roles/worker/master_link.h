// A worker's side of the control connection: which master it serves, and what every master is told.
#pragma once

#include <asio/awaitable.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/handshake.h"
#include "net/measurements.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/run_id.h"

namespace edge {

/// Remembers what a master wants to know, so that one that comes later is told, too. Thread-safe, but for
/// serve().
class MasterLink {
 public:
  struct Handlers {
    /// Another epoch, of this master or of another one: what is left of the one before means nothing. Called
    /// with a lock held: must not call back.
    std::function<void()> epoch_begins;
    /// The master wants links to just these workers; none, when it is gone. On the io_context's thread.
    std::function<void(const std::map<int, chain::LinkTarget>& links)> routed;
    /// This device's steady clock minus the master's.
    std::function<void(double offset_s)> clock_offset_known;
  };
  MasterLink(int worker, Handlers handlers) : worker_(worker), handlers_(std::move(handlers)) {}

  /// Serves an accepted control connection until it ends, on the io_context's thread. An older connection is
  /// closed. Throws for what is no master's message.
  asio::awaitable<void> serve(std::shared_ptr<net::Connection> connection, net::Hello hello);

  /// The master that is served, if it is another one than the process `instance`: as messages name it.
  std::optional<std::string> other_master(std::uint64_t instance) const;
  /// Whether a frame is of the run of the master that is here, and of the present epoch. Which one that is,
  /// the master says: if its order is still on its way, it is waited for, but not for ever.
  bool takes(const chain::RunId& run);
  /// Whether a frame is of an epoch that is over. One of another master's run may be of the one that comes.
  bool is_over(const chain::RunId& run) const;

  /// To the master that is here; nothing happens without one.
  void send(net::Message message);

  // What every master is told, this one and those that come.
  void profiled(std::vector<double> layer_cost);
  /// Of a link behind this worker; only the last one counts.
  void link_probed(int to, const net::Transfer& transfer);
  /// Only to the master that is here: one that comes says what it wants to know of.
  void link_changed(const chain::LinkState& state) { send(chain::link_state_message(state)); }
  /// Why the worker cannot do its work, until it is mended().
  void failed(const std::string& reason);
  void mended();

  /// On the io_context's thread, when the process is about to end: says farewell.
  void leave(const std::string& verb);

 private:
  void welcome(const std::shared_ptr<net::Connection>& connection, std::uint64_t instance);
  void forget(const std::shared_ptr<net::Connection>& connection);
  bool leaving() const;
  void send_locked(net::Message message) const;

  asio::awaitable<void> take_messages(std::shared_ptr<net::Connection> connection);
  void take_route(const chain::RouteOrder& order);

  const int worker_;
  const Handlers handlers_;
  mutable std::mutex mutex_;
  std::condition_variable ordered_;  ///< another epoch, another master, or none
  std::shared_ptr<net::Connection> master_;
  chain::RunId run_;                     ///< the master's; older epochs are dropped
  std::vector<double> layer_cost_;       ///< empty until profiled
  std::map<int, net::Transfer> probed_;  ///< by the worker that the link leads to
  std::string failure_;                  ///< empty: none
  bool leaving_ = false;
};

}  // namespace edge
