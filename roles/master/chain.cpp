#include "roles/master/chain.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "engine/error_line.h"
#include "kernels/cpu.h"
#include "net/measurements.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/worker_address.h"

namespace edge {

Chain::Chain(asio::io_context& context, const Config& config, const Model& model,
             const detection::Decoder* decoder, const net::Identity& identity, Handlers handlers)
    : model_(model), decoder_(decoder), handlers_(std::move(handlers)) {
  for (std::size_t i = 0; i < config.workers.size(); ++i) {
    const int index = static_cast<int>(i);
    auto worker = std::make_unique<RemoteWorker>(context);
    worker->connector = std::make_unique<net::Connector>(
        context,
        chain::connector_to_worker(config, index, config.workers[i].address, identity, net::Purpose::control),
        net::Connector::Handlers{
            .session = [this, index](auto connection,
                                     auto welcome) { return serve(index, connection, welcome); },
            .refused = [this, index](const std::string& reason) { handlers_.failed(index, reason); },
            .waiting = [this, index](const std::string& reason) { handlers_.waiting(index, reason); },
            .busy = [this, index](bool with_another) { busy(index, with_another); }});
    workers_.push_back(std::move(worker));
  }
}

void Chain::start() {
  for (const auto& worker : workers_) worker->connector->start();
}

// Workers are an ordered set of locks: who waits for one may hold only those in front of it.
void Chain::busy(int index, bool with_another) {
  workers_[static_cast<std::size_t>(index)]->busy = with_another;
  std::string waits_for;
  for (int i = 0; i < size(); ++i) {
    RemoteWorker& worker = *workers_[static_cast<std::size_t>(i)];
    const bool held = !waits_for.empty();
    if (held && !worker.held) handlers_.waiting(i, waits_for);
    worker.held = held;
    worker.connector->hold(held);
    if (worker.busy && !held) waits_for = fmt::format("worker {} is busy with another master", i);
  }
}

void Chain::tell_route(int worker, const chain::RouteOrder& order) {
  const auto& connection = workers_[static_cast<std::size_t>(worker)]->connection;
  if (connection) connection->send(chain::route_message(order));
}

/// A worker that served another master before may know links that this chain does not have.
bool Chain::leads_on(int from, int to) const {
  return to > from && to < size();
}

void Chain::leave(const std::string& verb) {
  for (const auto& worker : workers_) worker->connector->leave(verb);
}

asio::awaitable<void> Chain::serve(int index, std::shared_ptr<net::Connection> connection,
                                   net::Welcome welcome) {
  RemoteWorker& worker = *workers_[static_cast<std::size_t>(index)];
  net::ClockQuestions& clock = worker.clock;
  connection->set_max_payload(chain::max_result_payload(model_.graph));
  worker.connection = connection;
  handlers_.up(index, welcome.identity);
  clock.start(connection);
  std::string why_lost;
  while (why_lost.empty()) {
    net::Message message;
    try {
      message = (co_await connection->receive()).message;
    } catch (const std::exception& error) {
      why_lost = line_of(error);
      break;
    }
    try {
      handle(index, message);
    } catch (
        const std::exception& error) {  // whatever it was: the next message may be sound, or the next worker
      why_lost = line_of(error);
      handlers_.offended(index, why_lost);
    }
  }
  clock.stop();
  worker.connection.reset();
  if (worker.held) {
    spdlog::info("lets worker {} go until those in front of it are free", index);
  } else {
    spdlog::warn("lost worker {}: {}", index, why_lost);
  }
  handlers_.lost(index);
  throw net::ConnectionLost(why_lost);
}

void Chain::align_clocks(std::vector<chain::StageReport>& stages) const {
  for (chain::StageReport& stage : stages) {
    if (stage.worker < 0 || stage.worker >= size()) continue;
    const std::optional<double> offset = workers_[static_cast<std::size_t>(stage.worker)]->clock.offset_s();
    for (double* time : {&stage.received_at, &stage.compute_at, &stage.encode_at}) {
      *time = offset && *time > 0 ? *time - *offset : 0;
    }
  }
}

void Chain::handle(int index, const net::Message& message) {
  switch (message.type) {
    case net::MessageType::result: {
      chain::Result result = chain::parse_result(
          message, {.graph = model_.graph, .decoder = decoder_, .worker = index}, kernels::active_isa());
      align_clocks(result.stages);
      handlers_.result(std::move(result));
      return;
    }
    case net::MessageType::profile:
      handlers_.profiled(index, chain::parse_profile(message, model_.graph));
      return;
    case net::MessageType::transfer: {
      const net::LinkMeasurement measured = net::parse_transfer(message);
      if (leads_on(index, measured.to)) handlers_.link_probed(index, measured);
      return;
    }
    case net::MessageType::link_state: {
      const chain::LinkState state = chain::parse_link_state(message);
      if (leads_on(index, state.to)) handlers_.link_state(index, state);
      return;
    }
    case net::MessageType::clock:
      workers_[static_cast<std::size_t>(index)]->clock.take(message);
      return;
    case net::MessageType::failure:
      handlers_.failed(index, chain::parse_failure(message));
      return;
    default:
      throw net::ConnectionLost("it sent an unexpected message");
  }
}

}  // namespace edge
