// Tells in the log what the master waits for. On the io_context's thread.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "roles/chain/control_messages.h"
#include "roles/config/config.h"
#include "roles/master/shared_run.h"
#include "roles/master/waiting_lines.h"

namespace edge {

class WaitingLog {
 public:
  /// Both must outlive this.
  WaitingLog(asio::io_context& context, const Config& config, SharedRun& run);

  void connected(int worker);
  /// An attempt to connect has failed, or the connection was lost.
  void not_connected(int worker, const std::string& reason);
  /// A link of worker `from`, or of the master, likewise.
  void link_state(int from, const chain::LinkState& state);

 private:
  std::vector<WaitingLines::Wait> waits();
  std::optional<WaitingLines::Wait> wait(const Missing& missing) const;
  void say();

  const Config& config_;
  SharedRun& run_;
  WaitingLines lines_;
  asio::steady_timer again_;
  std::vector<std::string> why_not_connected_;  ///< by worker; empty: it is, or no attempt has failed
  std::map<std::pair<int, int>, std::string> why_no_link_;  ///< likewise, from, to
};

}  // namespace edge
