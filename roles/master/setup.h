// What the parts of a master are made with, by its config. Called once, at the start.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "roles/chain/frame_header.h"
#include "roles/config/config.h"
#include "roles/detection/detector.h"
#include "roles/master/group_source.h"
#include "roles/model.h"
#include "roles/trace/trace_writer.h"

namespace edge {

/// Nothing if the network is no detector, or if the config wants no objects: who wants checksums only wants
/// none. Throws Error as make_detector().
std::optional<detection::Detector> open_detector(const Config& config, const Graph& graph);

/// What the last worker shall send back of each frame, and how links encode.
chain::FrameOptions frame_options(const Config& config, const std::optional<detection::Detector>& detector);

/// Opens the config's video; what is returned of it begins with frame `first_frame`. Throws Error, UsageError
/// if it is live and shall not begin with its first frame.
GroupSource open_source(const Config& config, const Model& model, std::uint64_t first_frame);

/// Of the link into each worker, bytes/s; nothing where it is to be measured.
std::vector<std::optional<double>> configured_bandwidth(const Config& config);

/// Null without a file name. Throws Error if the file cannot be written.
/// How far values between workers may be off, for people.
std::string error_bound_text(ValueFormat values);

std::unique_ptr<trace::TraceWriter> open_trace(const std::string& file);

}  // namespace edge
