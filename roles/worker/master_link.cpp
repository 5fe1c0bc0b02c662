#include "roles/worker/master_link.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "net/clock_questions.h"
#include "roles/chain/control_messages.h"

namespace edge {

asio::awaitable<void> MasterLink::serve(std::shared_ptr<net::Connection> connection, net::Hello hello) {
  spdlog::info("{} is here", connection->peer());
  welcome(connection, hello.identity.instance);
  try {
    co_await take_messages(connection);
  } catch (const net::PeerLeft& left) {
    forget(connection);
    spdlog::info("{} {}", hello.identity.name(), left.verb());
  } catch (const net::ConnectionLost& error) {
    forget(connection);
    if (!leaving()) spdlog::info("{} is gone: {}", connection->peer(), error.what());
  } catch (...) {
    forget(connection);
    throw;
  }
}

asio::awaitable<void> MasterLink::take_messages(std::shared_ptr<net::Connection> connection) {
  for (;;) {
    const net::Message message = (co_await connection->receive()).message;
    if (message.type == net::MessageType::route) {
      take_route(chain::parse_route(message, worker_));
    } else {
      net::answer_clock_question(*connection, message, handlers_.clock_offset_known);
    }
  }
}

// A master that was replaced meanwhile has no connection any more.
void MasterLink::take_route(const chain::RouteOrder& order) {
  {
    const std::lock_guard lock(mutex_);
    if (order.epoch > run_.epoch) {
      run_.epoch = order.epoch;
      handlers_.epoch_begins();
      ordered_.notify_all();
    }
  }
  handlers_.routed(order.links);
}

void MasterLink::welcome(const std::shared_ptr<net::Connection>& connection, std::uint64_t instance) {
  const std::lock_guard lock(mutex_);
  if (master_) master_->close();
  master_ = connection;
  if (run_.instance != instance) {
    run_ = {.instance = instance, .epoch = 0};
    handlers_.epoch_begins();
    ordered_.notify_all();
  }
  if (!failure_.empty()) send_locked(chain::failure_message(failure_));
  if (!layer_cost_.empty()) send_locked(chain::profile_message(layer_cost_));
  for (const auto& [to, transfer] : probed_) {
    send_locked(net::transfer_message({.to = to, .transfer = transfer}));
  }
}

// Without a master nobody needs links; the next one says which it wants, and hears anew whether they can be
// made.
void MasterLink::forget(const std::shared_ptr<net::Connection>& connection) {
  {
    const std::lock_guard lock(mutex_);
    if (master_ != connection) return;
    master_.reset();
    failure_.clear();
    ordered_.notify_all();
    if (leaving_) return;
  }
  handlers_.routed({});
}

std::optional<std::string> MasterLink::other_master(std::uint64_t instance) const {
  const std::lock_guard lock(mutex_);
  if (!master_ || run_.instance == instance) return std::nullopt;
  return master_->peer();
}

bool MasterLink::takes(const chain::RunId& run) {
  // Two connections: the order was written before the frame was, but may be read after it.
  constexpr std::chrono::seconds longest_wait{2};
  std::unique_lock lock(mutex_);
  ordered_.wait_for(lock, longest_wait, [&] {
    return leaving_ || !master_ || run.instance != run_.instance || run.epoch <= run_.epoch;
  });
  return master_ && run.instance == run_.instance && run.epoch == run_.epoch;
}

bool MasterLink::is_over(const chain::RunId& run) const {
  const std::lock_guard lock(mutex_);
  return run.instance == run_.instance && run.epoch < run_.epoch;
}

void MasterLink::send(net::Message message) {
  const std::lock_guard lock(mutex_);
  send_locked(std::move(message));
}

void MasterLink::send_locked(net::Message message) const {
  if (master_) master_->send(std::move(message));
}

void MasterLink::profiled(std::vector<double> layer_cost) {
  const std::lock_guard lock(mutex_);
  layer_cost_ = std::move(layer_cost);
  send_locked(chain::profile_message(layer_cost_));
}

void MasterLink::link_probed(int to, const net::Transfer& transfer) {
  const std::lock_guard lock(mutex_);
  probed_[to] = transfer;
  send_locked(net::transfer_message({.to = to, .transfer = transfer}));
}

void MasterLink::failed(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  failure_ = reason;
  send_locked(chain::failure_message(reason));
}

void MasterLink::mended() {
  const std::lock_guard lock(mutex_);
  failure_.clear();
}

void MasterLink::leave(const std::string& verb) {
  const std::lock_guard lock(mutex_);
  leaving_ = true;
  ordered_.notify_all();
  if (master_) master_->leave(verb);
}

bool MasterLink::leaving() const {
  const std::lock_guard lock(mutex_);
  return leaving_;
}

}  // namespace edge
