// Which run a frame or a result belongs to. Plain data.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

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

/// Throws json::exception for other JSON.
inline RunId run_id_from(const nlohmann::json& value) {
  return {.instance = value.at(0).get<std::uint64_t>(), .epoch = value.at(1).get<std::uint32_t>()};
}

}  // namespace edge::chain
