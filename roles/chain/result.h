// A frame's result on its way to the master. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/array.h"
#include "engine/graph.h"
#include "kernels/cpu.h"
#include "net/message.h"
#include "roles/chain/run_id.h"
#include "roles/chain/stage_report.h"

namespace edge::chain {

struct Result {
  std::uint64_t frame = 0;
  RunId run;
  std::vector<StageReport> stages = {};
  std::vector<std::pair<int, float>> top_k = {};  ///< class, probability; empty without a classifier
  std::uint32_t checksum = 0;                     ///< CRC-32C of the output's bytes
  Array output = {};                              ///< if asked for
};

/// Upper bound on a result message's payload.
std::size_t max_result_payload(const Graph& graph);

/// `encoded_output` is Result::output, encoded without a base; empty if it was not asked for.
net::Message pack(const Result& result, std::span<const std::byte> encoded_output);
/// Throws net::ConnectionLost for all that cannot be a result of this network.
Result parse_result(const net::Message& message, const Graph& graph, kernels::Isa isa);

}  // namespace edge::chain
