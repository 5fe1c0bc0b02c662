// Who could take part in the chain: workers that come and go, and the links between them. Plain state,
// without sockets and clock; Run asks it which way frames can go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "roles/scheduling/route.h"

namespace edge {

/// A worker as the run knows it.
struct Member {
  bool connected = false;
  std::string isa = {};
  std::vector<double> layer_cost = {};  ///< seconds; empty until it has said so
  friend bool operator==(const Member&, const Member&) = default;
};

/// The sender of the link into the first worker of a route.
inline constexpr int the_master = -1;

/// What the run waits for before it can begin or go on.
struct Missing {
  enum class What : std::uint8_t {
    connection,      ///< to the worker
    profile,         ///< it still measures its layers
    return_allowed,  ///< it came and went so often that it is kept out for a while
    link,            ///< into the worker, from worker `from` (or the master)
    link_bandwidth,  ///< of that link, which is still measured
    trainer
  };
  What what = What::connection;
  int worker = 0;  ///< not for the trainer
  int from = the_master;
  friend bool operator==(const Missing&, const Missing&) = default;
};

class Membership {
 public:
  /// Bytes/s of the link into each worker, where configured.
  explicit Membership(std::vector<std::optional<double>> bandwidth);

  // Events.
  void up(int worker, std::string isa);
  /// False if it was not there.
  bool lost(int worker);
  void profiled(int worker, std::vector<double> layer_cost);
  /// A link is there, or cannot be made.
  void link_state(int from, int to, bool connected);
  /// The first measurement of a link counts; planning follows later ones.
  void link_measured(int from, int to, double bytes_per_s);
  /// For a while no route leads through it, unless there is no other.
  void keep_out(int worker, bool kept_out);

  int workers() const { return static_cast<int>(members_.size()); }
  const std::vector<Member>& members() const { return members_; }
  const Member& member(int worker) const { return members_[static_cast<std::size_t>(worker)]; }

  /// The longest way through workers that can compute, over links that are not known to be impossible. Empty:
  /// there is no such worker.
  scheduling::Route usable_route() const;
  bool unreachable(int from, int to) const;
  /// Whether all links of a route are there, and their speed is known.
  bool ready(const scheduling::Route& route) const;
  /// Bytes/s of the link into `to`: measured, or configured, or as measured from elsewhere.
  std::optional<double> bandwidth(int from, int to) const;
  /// [w + 1]: to which workers worker w (or the master) shall keep links, while frames go by `route`: those
  /// of that route and of what it could become.
  std::vector<std::set<int>> wanted_links(const scheduling::Route& route) const;
  /// Whoever is told so lets the other links go: they are not there any more, also when they are wanted
  /// again.
  void keep_only(const std::vector<std::set<int>>& wanted);
  /// What keeps the chain from going on by so many workers.
  std::vector<Missing> missing(std::size_t needed) const;

 private:
  struct Link {
    bool connected = false;
    bool impossible = false;
    std::optional<double> bytes_per_s;
  };
  bool usable(int worker) const;
  const Link* find(int from, int to) const;
  scheduling::Route longest(const std::vector<int>& workers) const;
  std::vector<int> those(bool only_usable, bool only_welcome) const;

  std::vector<Member> members_;
  std::vector<bool> kept_out_;
  std::vector<std::optional<double>> configured_;
  std::map<std::pair<int, int>, Link> links_;  ///< from, to
};

}  // namespace edge
