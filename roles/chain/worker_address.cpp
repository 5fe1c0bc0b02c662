#include "roles/chain/worker_address.h"

namespace edge::chain {

net::Connector::Options connector_to_worker(const Config& config, int worker, const net::Identity& self,
                                            net::Purpose purpose) {
  const Address& address = config.workers[static_cast<std::size_t>(worker)].address;
  return {.host = address.host,
          .port = address.port,
          .hello = {.identity = self,
                    .purpose = purpose,
                    .wanted_role = "worker",
                    .wanted_index = worker,
                    .workers = static_cast<int>(config.workers.size())},
          .connection = connection_options(config.net)};
}

net::ConnectionOptions connection_options(const NetConfig& config) {
  return {.heartbeat = config.heartbeat, .timeout = config.timeout, .tls = config.tls};
}

}  // namespace edge::chain
