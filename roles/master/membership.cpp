#include "roles/master/membership.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edge {

using scheduling::Route;

Membership::Membership(std::vector<std::optional<double>> bandwidth)
    : members_(bandwidth.size()), kept_out_(bandwidth.size()), configured_(std::move(bandwidth)) {
  assert(!members_.empty());
}

void Membership::up(int worker, std::string isa) {
  members_[static_cast<std::size_t>(worker)] = {.connected = true, .isa = std::move(isa), .layer_cost = {}};
}

bool Membership::lost(int worker) {
  // What links from and to it can do is for whoever comes back to find out. How fast they are stays likely.
  for (auto& [ends, link] : links_) {
    if (ends.first == worker || ends.second == worker) link.connected = link.impossible = false;
  }
  return std::exchange(members_[static_cast<std::size_t>(worker)].connected, false);
}

void Membership::profiled(int worker, std::vector<double> layer_cost) {
  members_[static_cast<std::size_t>(worker)].layer_cost = std::move(layer_cost);
}

void Membership::link_state(int from, int to, bool connected) {
  Link& link = links_[{from, to}];
  link.connected = connected;
  link.impossible = !connected;
}

void Membership::link_measured(int from, int to, double bytes_per_s) {
  std::optional<double>& known = links_[{from, to}].bytes_per_s;
  if (!known) known = bytes_per_s;
}

void Membership::keep_out(int worker, bool kept_out) {
  kept_out_[static_cast<std::size_t>(worker)] = kept_out;
}

const Membership::Link* Membership::find(int from, int to) const {
  const auto link = links_.find({from, to});
  return link == links_.end() ? nullptr : &link->second;
}

bool Membership::usable(int worker) const {
  const Member& one = member(worker);
  return one.connected && !one.layer_cost.empty();
}

bool Membership::unreachable(int from, int to) const {
  const Link* link = find(from, to);
  return link != nullptr && link->impossible;
}

/// Those that are connected, or even usable; with or without those that are kept out.
std::vector<int> Membership::those(bool only_usable, bool only_welcome) const {
  std::vector<int> workers_there;
  for (int worker = 0; worker < workers(); ++worker) {
    const bool there = only_usable ? usable(worker) : member(worker).connected;
    const bool out = only_welcome && kept_out_[static_cast<std::size_t>(worker)];
    if (there && !out) workers_there.push_back(worker);
  }
  return workers_there;
}

/// A longest path from the master through an acyclic graph: workers send to later ones only.
Route Membership::longest(const std::vector<int>& workers) const {
  const std::size_t count = workers.size();
  std::vector<std::size_t> length(count, 0);  // of the longest way behind, this one included; from the end
  std::vector<std::size_t> next(count, count);
  for (std::size_t i = count; i-- > 0;) {
    length[i] = 1;
    for (std::size_t j = i + 1; j < count; ++j) {
      if (!unreachable(workers[i], workers[j]) && length[j] + 1 > length[i]) {
        length[i] = length[j] + 1;
        next[i] = j;
      }
    }
  }
  std::size_t at = count;
  for (std::size_t i = 0; i < count; ++i) {
    if (!unreachable(the_master, workers[i]) && (at == count || length[i] > length[at])) at = i;
  }
  Route route;
  for (; at < count; at = next[at]) route.push_back(workers[at]);
  return route;
}

Route Membership::usable_route() const {
  const Route route = longest(those(true, true));
  return route.empty() ? longest(those(true, false)) : route;
}

std::optional<double> Membership::bandwidth(int from, int to) const {
  const Link* link = find(from, to);
  if (link != nullptr && link->bytes_per_s) return link->bytes_per_s;
  if (configured_[static_cast<std::size_t>(to)]) return configured_[static_cast<std::size_t>(to)];
  for (const auto& [ends, other] : links_) {
    if (ends.second == to && other.bytes_per_s) return other.bytes_per_s;
  }
  return std::nullopt;
}

bool Membership::ready(const Route& route) const {
  int from = the_master;
  for (const int to : route) {
    const Link* link = find(from, to);
    if (link == nullptr || !link->connected || !bandwidth(from, to)) return false;
    from = to;
  }
  return true;
}

std::vector<std::set<int>> Membership::wanted_links(const Route& route) const {
  std::vector<std::set<int>> wanted(members_.size() + 1);
  // Also the ways that are said to be impossible: they are tried again and again.
  for (const Route& one : {route, usable_route(), those(true, true), those(false, true)}) {
    int from = the_master;
    for (const int to : one) {
      if (member(to).connected) wanted[static_cast<std::size_t>(from) + 1].insert(to);
      from = to;
    }
  }
  return wanted;
}

void Membership::keep_only(const std::vector<std::set<int>>& wanted) {
  for (auto& [ends, link] : links_) {
    if (!wanted[static_cast<std::size_t>(ends.first) + 1].contains(ends.second)) link.connected = false;
  }
}

std::vector<Missing> Membership::missing(std::size_t needed) const {
  using What = Missing::What;
  std::vector<Missing> list;
  const Route route = usable_route();
  if (route.size() >= needed) {
    int from = the_master;
    for (const int to : route) {
      const Link* link = find(from, to);
      if (link == nullptr || !link->connected) {
        list.push_back({.what = What::link, .worker = to, .from = from});
      } else if (!bandwidth(from, to)) {
        list.push_back({.what = What::link_bandwidth, .worker = to, .from = from});
      }
      from = to;
    }
    return list;
  }
  int from = the_master;
  for (int worker = 0; worker < workers(); ++worker) {
    const Member& one = member(worker);
    if (!one.connected) {
      list.push_back({.what = What::connection, .worker = worker});
      continue;
    }
    if (kept_out_[static_cast<std::size_t>(worker)]) {
      list.push_back({.what = What::return_allowed, .worker = worker});
      continue;
    }
    if (one.layer_cost.empty()) list.push_back({.what = What::profile, .worker = worker});
    if (unreachable(from, worker)) list.push_back({.what = What::link, .worker = worker, .from = from});
    from = worker;
  }
  return list;
}

}  // namespace edge
