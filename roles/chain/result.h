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
#include "net/link_frame.h"
#include "net/message.h"
#include "roles/chain/run_id.h"
#include "roles/chain/stage_report.h"
#include "roles/detection/decoder.h"

namespace edge::chain {

struct Result {
  std::uint64_t frame = 0;
  RunId run;
  std::vector<StageReport> stages = {};
  std::vector<std::pair<int, float>> top_k = {};  ///< class, probability; empty without a classifier
  bool has_objects = false;                       ///< they were asked for; there may be none
  /// In pixels of the source picture, the best first.
  std::vector<detection::Detection> objects = {};
  std::uint32_t checksum = 0;       ///< CRC-32C of all outputs' bytes, one after the other
  std::vector<Array> outputs = {};  ///< f32, as Graph::outputs() lists them; empty if not asked for
};

/// What the master has asked for, and so what a result may be.
struct Asked {
  const Graph& graph;
  const detection::Decoder* decoder = nullptr;  ///< null: for no objects
  int worker = -1;                              ///< whose message it is; -1: anybody's
};

/// Upper bound on a result message's payload.
std::size_t max_result_payload(const Graph& graph);

/// Result::outputs as bytes, without bases.
std::vector<std::byte> encode_outputs(const std::vector<Array>& outputs, const net::LinkCoding& coding);
/// `encoded_outputs`: of encode_outputs(), whatever Result::outputs are; empty if they were not asked for.
net::Message pack(const Result& result, std::span<const std::byte> encoded_outputs);
/// Throws net::ConnectionLost for all that cannot be a result of this network: other classes, outputs of
/// other shapes or a part of them, too many objects, objects without scores or places, none where they were
/// asked for, a last stage report that is another worker's.
Result parse_result(const net::Message& message, const Asked& asked, kernels::Isa isa);

}  // namespace edge::chain
