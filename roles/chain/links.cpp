#include "roles/chain/links.h"

#include <utility>
#include <vector>

#include "roles/chain/worker_address.h"

namespace edge::chain {

Links::Links(asio::io_context& context, const Config& config, net::Identity self, Handlers handlers)
    : context_(context), config_(config), self_(std::move(self)), handlers_(std::move(handlers)) {}

std::unique_ptr<net::LinkSender> Links::make(int to, const Address& address) {
  return std::make_unique<net::LinkSender>(
      context_,
      net::LinkSender::Options{.connector =
                                   connector_to_worker(config_, to, address, self_, net::Purpose::link)},
      net::LinkSender::Handlers{
          .refused = [this, to](const std::string& reason) { handlers_.refused(to, reason); },
          .waiting = [this, to](const std::string& reason) { tell(to, false, reason); },
          .connected = [this, to] { tell(to, true, ""); },
          .failed = handlers_.failed,
          .probed = [this, to](const net::Transfer& transfer) { handlers_.probed(to, transfer); },
          .time_spent = handlers_.observer ? handlers_.observer(to) : nullptr});
}

void Links::tell(int to, bool connected, const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    Link& link = links_.at(to);
    link.connected = connected;
    link.failures = connected ? 0 : link.failures + 1;
    if (!link.kept || link.failures == 1) return;
  }
  handlers_.state(to, connected, reason);
}

void Links::keep(const std::map<int, LinkTarget>& workers) {
  std::vector<int> there;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    for (const auto& [to, target] : workers) {
      Link& link = links_[to];
      if (!std::exchange(link.kept, true)) link.failures = 0;
      const bool is_new = !link.sender;
      if (is_new) link.sender = make(to, target.address);
      if (!link.sender->expect(target.instance)) link.connected = false;
      if (is_new) link.sender->start();
      if (link.connected) there.push_back(to);
    }
    for (auto& [to, link] : links_) {
      link.kept = workers.contains(to);
      link.sender->hold(!link.kept);
      if (link.kept) continue;
      link.connected = false;
      link.sender->reset();  // whoever waits for room in it shall not wait for ever
    }
  }
  for (const int to : there) handlers_.state(to, true, "");
}

bool Links::send(int to, net::OutgoingFrame frame) {
  net::LinkSender* sender = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto link = links_.find(to);
    if (link == links_.end() || !link->second.kept) return false;
    sender = link->second.sender.get();  // it stays as long as this object
  }
  return sender->send(std::move(frame));
}

void Links::reset() {
  const std::lock_guard lock(mutex_);
  for (auto& [to, link] : links_) link.sender->reset();
}

void Links::leave(const std::string& verb) {
  const std::lock_guard lock(mutex_);
  for (auto& [to, link] : links_) link.sender->leave(verb);
}

void Links::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [to, link] : links_) link.sender->close();
}

}  // namespace edge::chain
