// Sums over a run, and the figures made of them.
#include "roles/report/run_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace edge {
namespace {

constexpr std::size_t max_plans = 256;  // counted one by one

/// 0 instead of a division by zero (a run without frames).
double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

LinkSummary summarize_link(const LinkTraffic& traffic, std::size_t worker, double frames) {
  const std::string from = worker == 0 ? "master" : fmt::format("worker {}", worker - 1);
  return {.name = fmt::format("{} → worker {}", from, worker),
          .sent = ratio(static_cast<double>(traffic.sent_bytes), frames),
          .raw_float = ratio(static_cast<double>(traffic.raw_float_bytes), frames),
          .full = ratio(static_cast<double>(traffic.full_bytes), frames),
          .values_error = traffic.values_error};
}

WorkerSummary summarize_worker(const WorkerTimes& times, const std::string& name, double duration_s) {
  WorkerSummary summary{.name = name,
                        .receive = ratio(times.receive_s, duration_s),
                        .decode = ratio(times.decode_s, duration_s),
                        .compute = ratio(times.compute_s, duration_s),
                        .encode = ratio(times.encode_s, duration_s),
                        .send = ratio(times.send_s, duration_s)};
  if (times.all_macs > 0) summary.computed = times.computed_macs / times.all_macs;
  summary.wait = std::max(0.0, 1 - summary.decode - summary.compute - summary.encode);
  return summary;
}

std::optional<SingleDevice> best_single_device(const RunStatistics& statistics, double frames_per_second) {
  const std::vector<DeviceCost>& alone = statistics.devices;
  if (alone.empty()) {
    return {};
  }
  const auto best = std::min_element(
      alone.begin(), alone.end(),
      [](const DeviceCost& a, const DeviceCost& b) { return a.whole_network_s < b.whole_network_s; });
  SingleDevice device{.worker = best->worker,
                      .seconds_per_frame = best->whole_network_s,
                      .measured = best->measured,
                      .gain = {}};
  if (statistics.paced || statistics.frames == 0) return device;
  // Of frames that are sent, both. One device alone would not have computed the others either.
  if (statistics.chain_frame_s) {
    device.gain = best->whole_network_s / *statistics.chain_frame_s;
  } else if (statistics.unchanged_frames == 0) {
    device.gain = best->whole_network_s * frames_per_second;
  }
  return device;
}

}  // namespace

void RunStatistics::add(const FrameRecord& frame) {
  assert(frame.links.size() <= worker_names.size() && frame.workers.size() <= worker_names.size());
  first_captured_s = frames == 0 ? frame.captured_s : std::min(first_captured_s, frame.captured_s);
  last_finished_s = frames == 0 ? frame.finished_s : std::max(last_finished_s, frame.finished_s);
  ++frames;
  if (frame.unchanged) {
    ++unchanged_frames;
  } else {
    latency.add(frame.finished_s - frame.captured_s);
  }
  links.resize(worker_names.size());
  workers.resize(worker_names.size());
  for (std::size_t i = 0; i < frame.links.size(); ++i) {
    links[i].sent_bytes += frame.links[i].sent_bytes;
    links[i].raw_float_bytes += frame.links[i].raw_float_bytes;
    links[i].full_bytes += frame.links[i].full_bytes;
    links[i].values_error = std::max(links[i].values_error, frame.links[i].values_error);
  }
  for (std::size_t i = 0; i < frame.workers.size(); ++i) {
    workers[i].receive_s += frame.workers[i].receive_s;
    workers[i].decode_s += frame.workers[i].decode_s;
    workers[i].compute_s += frame.workers[i].compute_s;
    workers[i].encode_s += frame.workers[i].encode_s;
    workers[i].send_s += frame.workers[i].send_s;
    workers[i].computed_macs += frame.workers[i].computed_macs;
    workers[i].all_macs += frame.workers[i].all_macs;
  }
  if (plans.size() < max_plans || plans.contains(frame.plan.ends)) {
    ++plans[frame.plan.ends];
  } else {
    ++frames_of_other_plans;
  }
}

RunSummary summarize(const RunStatistics& statistics) {
  const auto frames = static_cast<double>(statistics.frames);
  const auto sent_frames = static_cast<double>(statistics.frames - statistics.unchanged_frames);
  RunSummary summary;
  summary.frames = statistics.frames;
  summary.dropped_frames = statistics.dropped_frames;
  summary.unchanged_frames = statistics.unchanged_frames;
  summary.checked_frames = statistics.checked_frames;
  summary.mismatched_frames = statistics.mismatched_frames;
  summary.agreement = statistics.agreement;
  summary.duration_s = statistics.last_finished_s - statistics.first_captured_s;
  summary.frames_per_second = ratio(frames, summary.duration_s);
  summary.latency_mean_s = statistics.latency.mean();
  summary.latency_p50_s = statistics.latency.quantile(0.5);
  summary.latency_p95_s = statistics.latency.quantile(0.95);
  summary.latency_max_s = statistics.latency.most();

  const auto by_frames = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto plan = std::max_element(statistics.plans.begin(), statistics.plans.end(), by_frames);
  if (plan != statistics.plans.end()) {
    summary.plan = to_string(scheduling::Plan{plan->first});
    summary.plan_share = ratio(static_cast<double>(plan->second), frames);
    summary.several_plans = statistics.plans.size() > 1;
  }
  for (std::size_t worker = 0; worker < statistics.links.size(); ++worker) {
    summary.links.push_back(summarize_link(statistics.links[worker], worker, sent_frames));
  }
  for (std::size_t worker = 0; worker < statistics.workers.size(); ++worker) {
    summary.workers.push_back(
        summarize_worker(statistics.workers[worker], statistics.worker_names[worker], summary.duration_s));
  }
  summary.best_single_device = best_single_device(statistics, summary.frames_per_second);
  return summary;
}

}  // namespace edge
