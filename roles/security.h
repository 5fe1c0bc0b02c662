// Who may call this device: whoever knows the chain's secret, or, without one, nobody but this device itself.
// Thread-safe.
#pragma once

#include <optional>

#include "roles/config/config.h"

namespace edge {

/// Reads the config's secret_file, if it names one, into net.tls. Throws Error: one line with the key's
/// place, the file, and what to do.
void use_secret(NetConfig& net);

/// Where a worker or trainer listens: at `listen` if there is one, else on all interfaces (an empty host), or
/// on the loopback interface if there is no secret and the config does not say `insecure`. Logs a warning if
/// others could call and need no secret, or if they should be able to and are not. Throws Error if `listen`
/// is for others and there is no secret. `where`: of the device's keys.
Address listen_place(const std::optional<Address>& listen, const Address& address, const KeyPlaces& where,
                     const NetConfig& net);

/// A warning if the config's workers or trainer are on other devices, and there is no secret.
void warn_of_plain_calls(const Config& config);

/// Whether `host` is this device's own loopback interface: an address of it, or "localhost".
bool is_loopback(const std::string& host);

}  // namespace edge
