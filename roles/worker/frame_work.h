// A worker's part of one frame: its layers and, where the network ends, the result. No state.
#pragma once

#include "engine/executor.h"
#include "net/link_frame.h"
#include "roles/chain/frame_header.h"
#include "roles/chain/result.h"
#include "roles/detection/decoders.h"

namespace edge {

/// Layers `first` .. `last` - 1 of the network that `executor` runs. `arrays`: what crosses the cut in front
/// of `first`. Returns what crosses the one in front of `last`; arrays that pass through keep the form in
/// which they came. Throws as Executor::run().
net::ArrayMap run_layers(Executor& executor, const Graph& graph, const net::ArrayMap& arrays,
                         LayerIndex first, LayerIndex last);

/// What the header's options ask of the network's `outputs` (outputs_in_order()): checksum, classes, objects.
/// Without stage reports, and without the outputs themselves. Thread-safe.
chain::Result make_result(std::uint64_t frame, const chain::FrameHeader& header,
                          const std::vector<Array>& outputs, const detection::Decoders& decoders);

}  // namespace edge
