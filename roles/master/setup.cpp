#include "roles/master/setup.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "net/value_rounder.h"
#include "roles/scheduling/scheduler.h"
#include "roles/usage_error.h"
#include "roles/video/source_name.h"

namespace edge {

std::optional<detection::Detector> open_detector(const Config& config, const Graph& graph) {
  auto detector = detection::make_detector(config.detection, graph, config.model);
  if (config.output.result == ResultKind::checksum) detector.reset();
  return detector;
}

chain::FrameOptions frame_options(const Config& config, const std::optional<detection::Detector>& detector) {
  chain::FrameOptions options{.coding = {.delta = config.net.mode == Mode::delta,
                                         .compress = config.net.compress,
                                         .values = config.net.values},
                              .full_result = config.check || config.output.result == ResultKind::full};
  if (detector) {
    options.objects = {
        .decoder = std::string(detector->decoder->name()), .wanted = detector->wanted, .placement = {}};
  } else if (config.output.result == ResultKind::top_k) {
    options.top_k = config.output.top_k;
  }
  return options;
}

GroupSource open_source(const Config& config, const Model& model, std::uint64_t first_frame) {
  std::unique_ptr<FrameSource> source = at_key(config.video.where, "source", [&] {
    return open_frame_source({.source = config.video.source,
                              .rows = config.model.rows,
                              .columns = config.model.columns,
                              .framing = model.framing,
                              .loop = config.video.loop,
                              .rtsp_transport = config.video.rtsp_transport});
  });
  if (first_frame > 0 && source->live()) {
    throw UsageError(
        fmt::format("--resume: {} is live: what it showed before is gone", source_name(config.video.source)));
  }
  const bool may_look_ahead = !config.video.realtime && !source->live();
  const bool keeps = config.engine.keep_bytes.value_or(1) > 0;
  const bool predicts = scheduling::needs_predictions(config.schedule.scheduler);
  return {std::move(source),
          {.realtime = config.video.realtime, .frame_limit = config.video.frames},
          {.hold = config.video.hold,
           .look_ahead = may_look_ahead ? static_cast<std::size_t>(config.schedule.group_size) : 1,
           .first_frame = first_frame,
           .dirty_shares = keeps && predicts ? std::make_shared<const DirtyShares>(model.graph) : nullptr}};
}

std::vector<std::optional<double>> configured_bandwidth(const Config& config) {
  std::vector<std::optional<double>> bandwidth;
  for (const WorkerConfig& worker : config.workers) {
    bandwidth.push_back(worker.bandwidth_bytes_per_s > 0 ? std::optional(worker.bandwidth_bytes_per_s)
                                                         : std::nullopt);
  }
  return bandwidth;
}

std::string error_bound_text(ValueFormat values) {
  if (values == ValueFormat::float16) {
    return "off by half a step at most, which is 1/5461 of a channel's range or the one that most channels "
           "share";
  }
  return fmt::format(
      "off by {}/32 of a step at most, which is 1/256 of a channel's range (1/128 with negative values) or "
      "the one "
      "that most channels share",
      net::ValueRounder::hold);
}

std::unique_ptr<trace::TraceWriter> open_trace(const std::string& file) {
  if (file.empty()) return nullptr;
  auto trace = std::make_unique<trace::TraceWriter>(file, "master", trace::master_process);
  trace->set_clock_offset(0);
  return trace;
}

}  // namespace edge
