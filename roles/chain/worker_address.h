// How the devices of a chain reach a worker. Pure functions, thread-safe.
#pragma once

#include "net/connector.h"
#include "roles/config/config.h"

namespace edge::chain {

/// `self` calls worker `worker` at `address` for its orders (control) or its frames (link).
net::Connector::Options connector_to_worker(const Config& config, int worker, const Address& address,
                                            const net::Identity& self, net::Purpose purpose);

/// How patient connections are, on both sides, and how protected.
net::ConnectionOptions connection_options(const NetConfig& config);

}  // namespace edge::chain
