#include "roles/master/chain.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "kernels/cpu.h"
#include "net/measurements.h"
#include "roles/chain/control_messages.h"

namespace edge {

Chain::Chain(asio::io_context& context, const Config& config, const Model& model,
             const net::Identity& identity, Handlers handlers)
    : model_(model), handlers_(std::move(handlers)) {
  for (std::size_t i = 0; i < config.workers.size(); ++i) {
    const int index = static_cast<int>(i);
    auto worker = std::make_unique<RemoteWorker>(context);
    worker->connector = std::make_unique<net::Connector>(
        context,
        net::Connector::Options{
            .host = config.workers[i].address.host,
            .port = config.workers[i].address.port,
            .hello = {.identity = identity,
                      .purpose = net::Purpose::control,
                      .wanted_role = "worker",
                      .wanted_index = index},
            .connection = {.heartbeat = config.net.heartbeat, .timeout = config.net.timeout}},
        net::Connector::Handlers{
            .session = [this, index](auto connection,
                                     auto welcome) { return serve(index, connection, welcome); },
            .refused = [this](const std::string& reason) { handlers_.failed(reason); }});
    worker->link_measured = i + 1 == config.workers.size() || config.workers[i + 1].bandwidth_bytes_per_s > 0;
    workers_.push_back(std::move(worker));
  }
}

void Chain::start() {
  for (const auto& worker : workers_) worker->connector->start();
}

void Chain::stop() {
  for (const auto& worker : workers_) worker->connector->stop();
}

asio::awaitable<void> Chain::serve(int index, std::shared_ptr<net::Connection> connection,
                                   net::Welcome welcome) {
  RemoteWorker& worker = *workers_[static_cast<std::size_t>(index)];
  connection->set_max_payload(chain::max_result_payload(model_.graph));
  worker.connected = true;
  worker.isa = welcome.identity.isa;
  worker.layer_cost.clear();
  worker.profile_due.expires_after(std::chrono::milliseconds(500));
  worker.profile_due.async_wait([this, index](asio::error_code error) {
    const RemoteWorker& waited_for = *workers_[static_cast<std::size_t>(index)];
    if (error || (!waited_for.layer_cost.empty() && waited_for.link_measured)) return;
    spdlog::info("waiting for worker {}, which measures its {}", index,
                 waited_for.layer_cost.empty() ? "layers" : "link to the next one");
  });
  worker.clock.start(connection);
  try {
    for (;;) handle(index, (co_await connection->receive()).message);
  } catch (const net::ConnectionLost& error) {
    worker.connected = false;
    worker.profile_due.cancel();
    worker.clock.stop();
    spdlog::warn("lost worker {}: {}", index, error.what());
    handlers_.lost(index);
    throw;
  }
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
      chain::Result result = chain::parse_result(message, model_.graph, kernels::active_isa());
      align_clocks(result.stages);
      handlers_.result(std::move(result));
      return;
    }
    case net::MessageType::profile:
      workers_[static_cast<std::size_t>(index)]->layer_cost = chain::parse_profile(message, model_.graph);
      announce_if_complete();
      return;
    case net::MessageType::transfer: {
      const net::Transfer transfer = net::parse_transfer(message);
      if (index + 1 < size()) handlers_.probed(index + 1, transfer);
      RemoteWorker& worker = *workers_[static_cast<std::size_t>(index)];
      if (!std::exchange(worker.link_measured, true)) announce_if_complete();
      return;
    }
    case net::MessageType::clock:
      workers_[static_cast<std::size_t>(index)]->clock.take(message);
      return;
    case net::MessageType::failure:
      handlers_.failed(chain::parse_failure(message));
      return;
    default:
      throw net::ConnectionLost("it sent an unexpected message");
  }
}

void Chain::announce_if_complete() {
  const auto ready = [](const auto& worker) {
    return worker->connected && worker->link_measured && !worker->layer_cost.empty();
  };
  if (std::all_of(workers_.begin(), workers_.end(), ready)) handlers_.complete();
}

}  // namespace edge
