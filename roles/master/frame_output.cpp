#include "roles/master/frame_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "engine/error.h"
#include "roles/chain/frame_header.h"
#include "roles/config/quote.h"
#include "roles/report/json_line.h"
#include "roles/report/json_values.h"
#include "roles/report/log_sink.h"
#include "roles/report/object_counts.h"
#include "roles/report/planning_table.h"
#include "roles/report/table.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

FrameOutput::FrameOutput(const Config& config, const Model& model, LineOutput& lines,
                         std::chrono::steady_clock::time_point started, std::uint64_t instance,
                         const Labels* object_labels)
    : config_(config),
      model_(model),
      lines_(lines),
      started_(started),
      run_{.id = fmt::format("{:016x}", instance),
           .source = source_name(config.video.source),
           .started = std::chrono::system_clock::now() -
                      std::chrono::duration_cast<std::chrono::system_clock::duration>(
                          std::chrono::steady_clock::now() - started)},
      object_labels_(object_labels),
      progress_("frames", config.video.frames),
      // People at a terminal get the bar and the tables; lines are for programs.
      show_lines_(!lines.is_standard_output() || !is_live_terminal(STDOUT_FILENO) ||
                  !is_live_terminal(STDERR_FILENO)) {
  for (std::size_t i = 0; i < config.workers.size(); ++i) {
    statistics_.worker_names.push_back(fmt::format("worker {}", i));
  }
  statistics_.paced = config.video.realtime;
}

FrameRecord FrameOutput::record(const FrameUnderWay& frame) const {
  FrameRecord record{.frame = frame.video_index,
                     .unchanged = frame.unchanged,
                     .dropped = frame.dropped,
                     .video_s = frame.video_s,
                     .captured_s = seconds(frame.captured - started_),
                     .finished_s = seconds(frame.finished - started_),
                     .plan = frame.plan,
                     .links = std::vector<LinkTraffic>(config_.workers.size()),
                     .workers = std::vector<WorkerTimes>(config_.workers.size())};
  std::optional<std::size_t> in_front;  // the worker whose report came before
  double values_error = 0;              // of what it sent
  for (const chain::StageReport& stage : frame.result->stages) {
    if (stage.worker >= 0 && static_cast<std::size_t>(stage.worker) < record.workers.size()) {
      const auto worker = static_cast<std::size_t>(stage.worker);
      record.links[worker].sent_bytes = stage.receive_bytes;
      for (const LayerIndex layer : model_.graph.boundary(frame.plan.begin(stage.worker))) {
        record.links[worker].raw_float_bytes += model_.graph.output_bytes(layer);
        record.links[worker].full_bytes += model_.graph.transfer_bytes(layer);
      }
      record.workers[worker] = {.receive_s = stage.receive_s,
                                .decode_s = stage.decode_s,
                                .compute_s = stage.compute_s,
                                .encode_s = stage.encode_s,
                                .computed_macs = stage.computed_macs,
                                .all_macs = stage.all_macs};
      record.links[worker].values_error = std::exchange(values_error, stage.values_error);
      // What a worker sends is what the next one receives.
      if (in_front) record.workers[*in_front].send_s = stage.receive_s;
      in_front = worker;
    }
  }
  return record;
}

FrameResult FrameOutput::shown(const chain::Result& result) const {
  FrameResult shown{.checksum = result.checksum, .top_k = result.top_k, .labels = &model_.labels};
  if (result.has_objects) {
    shown.objects = result.objects;
    shown.labels = object_labels_;
  }
  if (config_.output.result == ResultKind::full) {
    const std::vector<LayerIndex> layers = model_.graph.outputs();
    for (std::size_t i = 0; i < result.outputs.size(); ++i) {
      const Array& output = result.outputs[i];
      shown.outputs.push_back({model_.graph.layer(layers[i]).name, output.shape(), output.values()});
    }
  }
  return shown;
}

void FrameOutput::write(const FrameUnderWay& frame) {
  const FrameRecord entry = record(frame);
  const FrameResult result = shown(*frame.result);
  const ResultKind kind = config_.output.result == ResultKind::top_k && result.top_k.empty()
                              ? ResultKind::checksum
                              : config_.output.result;
  if (show_lines_) lines_.write(json_line(run_, entry, kind, result));
  statistics_.add(entry);
  load_.add(entry);
  progress_.update(statistics_.frames, notes(result));
}

std::vector<std::string> FrameOutput::notes(const FrameResult& result) const {
  std::vector<std::string> list;
  if (const std::vector<double> shares = load_.shares(); !shares.empty()) {
    list.push_back("devices " + load_bars(shares));
  }
  if (result.objects) {
    list.push_back(object_counts(*result.objects, object_labels_ != nullptr ? *object_labels_ : Labels()));
    return list;
  }
  if (result.top_k.empty()) {
    list.push_back(checksum_text(result.checksum));
    return list;
  }
  const auto& [index, probability] = result.top_k.front();
  const std::string_view name = model_.labels.name(static_cast<std::size_t>(std::max(index, 0)));
  list.push_back(fmt::format(
      "{} {:.0f} %", name.empty() ? fmt::format("class {}", index) : printable(name, 24), 100 * probability));
  return list;
}

void FrameOutput::count_check(bool missed) {
  ++statistics_.checked_frames;
  if (missed) ++statistics_.mismatched_frames;
}

void FrameOutput::print_table(const PlanningSummary& planning) {
  progress_.clear();
  statistics_.devices = planning.devices;
  statistics_.chain_frame_s = planning.chain_frame_s;
  std::cerr << format_table(summarize(statistics_)) + format_planning(planning) << std::flush;
}

}  // namespace edge
