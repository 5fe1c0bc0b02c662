// What travels over a link: a frame's boundary tensors, with all that is needed to work on it. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "net/codec/codec.h"
#include "net/codec/elements.h"
#include "net/message.h"
#include "net/transfer_meter.h"

namespace edge::net {

/// Boundary tensors by the layer that made them.
using ElementsMap = std::map<LayerIndex, Elements>;

/// What one hop did for a frame; rides along with it to the master. Seconds; points in time are those of the
/// hop's own steady clock.
struct StageReport {
  int worker = 0;                   ///< -1: the master
  std::uint64_t receive_bytes = 0;  ///< the whole message on the link into this worker
  double receive_s = 0;             ///< from its header to its last byte
  double decode_s = 0;
  double wait_s = 0;  ///< decoded, waiting for the computation in front of it
  double compute_s = 0;
  double encode_s = 0;  ///< for the link behind this worker
  /// Transfers over the link behind this worker that were acknowledged since its last report: those of
  /// earlier frames.
  Transfer transfer = {};
  double received_at = 0;  ///< when the message's last byte was here
  double compute_at = 0;   ///< when the computation began
  double encode_at = 0;    ///< when the encoding began
};

/// Seconds of this process' steady clock, for StageReport.
double steady_seconds(std::chrono::steady_clock::time_point time);

/// What the last active worker shall send back, and how links encode. The same for all frames of a run.
struct FrameOptions {
  bool delta = true;         ///< mode delta, else full
  bool compress = true;      ///< zstd where it pays
  bool full_result = false;  ///< the whole output tensor
  int top_k = 0;             ///< so many classes; 0: a checksum instead
};

/// Names a master's run and its recoveries: workers drop what belongs to an older epoch or to another run.
struct RunId {
  std::uint64_t instance = 0;  ///< of the master
  std::uint32_t epoch = 0;     ///< grows when the master sends frames again after a failure
  friend bool operator==(const RunId&, const RunId&) = default;
};

struct LinkFrame {
  std::uint64_t frame = 0;
  RunId run;
  std::vector<LayerIndex> ends;  ///< the plan: one past the last layer of each worker
  FrameOptions options;
  ElementsMap tensors;
  std::vector<StageReport> stages;
  double wait_s = 0;  ///< set by the receiver: how long it lay there decoded

  /// float32 / 8-bit bytes that it holds in memory.
  std::size_t bytes() const;
};

/// Element type of layer `layer`'s output on a link: input frames travel as 8-bit pixels.
constexpr ElementType link_type(LayerIndex layer) {
  return layer == 0 ? ElementType::u8 : ElementType::f32;
}

/// The first layer of worker `worker` under a plan.
LayerIndex first_layer(const std::vector<LayerIndex>& ends, int worker);

/// Upper bound on a frame message's payload over all cuts of the graph.
std::size_t max_frame_payload(const Graph& graph);
/// Of a probe, which carries nothing.
inline constexpr std::size_t max_probe_bytes = std::size_t{1} << 20;
/// Upper bound on a result message's payload.
std::size_t max_result_payload(const Graph& graph);

/// A frame message's payload: u32 length of the CBOR part, the CBOR part, then each tensor's codec bytes in
/// the order of their layers. `sequence` counts the messages of one link.
struct FrameHeader {
  std::uint64_t sequence = 0;
  LinkFrame frame;                  ///< without tensors
  std::vector<LayerIndex> layers;   ///< whose tensors follow
  std::span<const std::byte> rest;  ///< their codec bytes
};
std::vector<std::byte> pack_frame_header(const LinkFrame& frame, std::uint64_t sequence);
/// Checks everything against the graph: a plan that covers it, the tensors that cross the cut in front of
/// `worker`. Throws ConnectionLost.
FrameHeader parse_frame_header(const Message& message, const Graph& graph, int worker);

nlohmann::json to_json(const StageReport& report);
StageReport stage_report_from(const nlohmann::json& value);

/// A frame's result on its way to the master.
struct Result {
  std::uint64_t frame = 0;
  RunId run;
  std::vector<StageReport> stages = {};
  std::vector<std::pair<int, float>> top_k = {};  ///< class, probability; empty without a classifier
  std::uint32_t checksum = 0;                     ///< CRC-32C of the output's bytes
  Elements output = {};                           ///< if asked for
};
/// `encoded_output` is Result::output, encoded without a base; empty if it was not asked for.
Message pack_result(const Result& result, std::span<const std::byte> encoded_output);
Result parse_result(const Message& message, const Graph& graph, kernels::Isa isa);

}  // namespace edge::net
