// A device's links to workers behind it. It sends frames over one of them at a time; another may be there
// already, to be measured before it is used.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "net/handshake.h"
#include "net/link_sender.h"
#include "roles/chain/control_messages.h"
#include "roles/config/config.h"

namespace edge::chain {

/// keep(), leave(): on the io_context's thread. send(), reset(), close(): from any thread. Must not be
/// destroyed while the io_context runs.
class Links {
 public:
  struct Handlers {
    /// A worker refused the link for good (one line). On the io_context's thread, as the next two.
    std::function<void(int to, const std::string& reason)> refused;
    /// The link is there, or it cannot be made: the second attempt in a row has failed, or the first after it
    /// was lost. It is tried again and again.
    std::function<void(int to, bool connected, const std::string& reason)> state;
    std::function<void(int to, const net::Transfer& transfer)> probed;
    /// A sending thread cannot go on (one line). On that thread.
    std::function<void(const std::string& reason)> failed;
    /// For traces; empty: nobody looks.
    std::function<net::TimeObserver(int to)> observer;
  };

  /// `config` outlives this.
  Links(asio::io_context& context, const Config& config, net::Identity self, Handlers handlers);

  /// Links to just these workers, from now on. The state of those that are there already is told again.
  void keep(const std::map<int, LinkTarget>& workers);
  /// Waits for room. False if there is no link to that worker, or after close(): the frame is dropped.
  bool send(int to, net::OutgoingFrame frame);
  /// Drops all frames that are queued or unacknowledged.
  void reset();
  /// The process is about to end: says farewell.
  void leave(const std::string& verb);
  void close();

 private:
  struct Link {
    std::unique_ptr<net::LinkSender> sender;
    bool kept = false;
    bool connected = false;
    int failures = 0;  ///< since it was connected
  };
  std::unique_ptr<net::LinkSender> make(int to, const Address& address);
  void tell(int to, bool connected, const std::string& reason);

  asio::io_context& context_;
  const Config& config_;
  const net::Identity self_;
  const Handlers handlers_;

  std::mutex mutex_;
  std::map<int, Link> links_;  ///< by worker; a sender stays, on hold, when its link is not wanted
  bool closed_ = false;
};

}  // namespace edge::chain
