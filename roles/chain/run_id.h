// Which run a frame or a result belongs to. Plain data.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "net/whole_number.h"

namespace edge::chain {

/// Names a master's run and its recoveries: workers drop what belongs to an older epoch or to another run.
struct RunId {
  std::uint64_t instance = 0;  ///< of the master
  std::uint32_t epoch = 0;     ///< grows when the master sends frames again after a failure
  friend bool operator==(const RunId&, const RunId&) = default;
};

inline nlohmann::json to_json(const RunId& run) {
  return nlohmann::json::array({run.instance, run.epoch});
}

/// Throws net::ConnectionLost or json::exception for other JSON.
inline RunId run_id_from(const nlohmann::json& value) {
  return {.instance = net::whole_number<std::uint64_t>(value.at(0)),
          .epoch = net::whole_number<std::uint32_t>(value.at(1))};
}

}  // namespace edge::chain
