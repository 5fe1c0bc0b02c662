// What a frame brings along on its way down the chain: plan, options, reports. It is the opaque header of
// net's frame messages. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/graph.h"
#include "net/link_frame.h"
#include "roles/chain/object_json.h"
#include "roles/chain/run_id.h"
#include "roles/chain/stage_report.h"

namespace edge::chain {

/// Nobody has so many devices; a peer that says so costs no more memory.
inline constexpr std::size_t most_workers = 1024;

/// What the last active worker shall send back, and how links encode. The same for all frames of a run, but
/// for the place of the picture in the frame.
struct FrameOptions {
  net::LinkCoding coding = {};
  bool full_result = false;                   ///< all output tensors
  int top_k = 0;                              ///< so many classes; 0: none
  std::optional<ObjectOptions> objects = {};  ///< nothing: no objects
};

struct FrameHeader {
  RunId run;
  std::vector<LayerIndex> ends;  ///< the plan: one past the last layer of each worker
  std::vector<int> route;        ///< the workers that it goes through, ascending; the others have no layers
  FrameOptions options;
  std::vector<StageReport> stages = {};  ///< of the hops so far
};

/// The first layer of worker `worker` under a plan.
LayerIndex first_layer(const std::vector<LayerIndex>& ends, int worker);

/// The arrays that cross the cut in front of layer `first`, numbered by the layers that made them.
std::vector<net::ArraySpec> arrays_of_cut(const Graph& graph, LayerIndex first);
/// Upper bound on a frame message's payload over all cuts of the graph.
std::size_t max_frame_payload(const Graph& graph);

/// `layers`: which arrays follow, in their order.
std::vector<std::byte> pack(const FrameHeader& header, const std::vector<LayerIndex>& layers);
/// The worker behind `worker` on the frame's way; nothing behind the last one.
std::optional<int> next_on_route(const FrameHeader& header, int worker);

/// Who reads a header: one worker of a chain.
struct Reader {
  int worker = 0;
  const detection::Decoders* decoders = nullptr;  ///< of the network; null: frames may want no objects
};
/// Checks everything against the graph: a plan that covers it, a route through this worker on which all
/// workers with layers are, the arrays that cross the cut in front of this worker, a decoder that reads the
/// outputs. Throws net::ConnectionLost.
FrameHeader parse_frame_header(std::span<const std::byte> bytes, const Graph& graph, const Reader& reader);

/// A frame for the next link. `report` tells of this hop when the frame is about to leave it; it is called on
/// the sending thread.
net::OutgoingFrame outgoing_frame(std::uint64_t frame, FrameHeader header, net::ArrayMap arrays,
                                  std::function<StageReport(const net::SendTimes&)> report);

}  // namespace edge::chain
