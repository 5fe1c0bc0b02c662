#include "roles/chain/worker_address.h"

namespace edge::chain {

net::Connector::Options connector_to_worker(const Config& config, int worker, const Address& address,
                                            const net::Identity& self, net::Purpose purpose) {
  return {.host = address.host,
          .port = address.port,
          .hello = {.identity = self, .purpose = purpose, .wanted_role = "worker", .wanted_index = worker},
          .connection = connection_options(config.net)};
}

net::ConnectionOptions connection_options(const NetConfig& config) {
  return {.heartbeat = config.heartbeat, .timeout = config.timeout, .tls = config.tls};
}

}  // namespace edge::chain
