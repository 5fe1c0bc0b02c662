// Sums over a run, and the figures made of them. Memory is bounded, however long the run. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "roles/report/frame_record.h"
#include "roles/report/latency_histogram.h"
#include "roles/report/planning_summary.h"

namespace edge {

/// Filled by the master.
struct RunStatistics {
  // Known from the start.
  std::vector<std::string> worker_names;  ///< as shown, one per worker
  bool paced = false;  ///< `realtime` or a live camera: the source, not the chain, sets the frame rate

  // Known at the end.
  std::vector<DeviceCost> devices;           ///< of each worker alone, or empty
  std::optional<double> chain_frame_s = {};  ///< PlanningSummary::chain_frame_s

  // Counted by the master.
  std::uint64_t dropped_frames = 0;
  std::uint64_t checked_frames = 0;     ///< compared with the master's own result
  std::uint64_t mismatched_frames = 0;  ///< of these
  std::string agreement;                ///< of the others: "bit for bit"; empty: not told

  /// Adds a finished frame. Its vectors have at most one entry per worker.
  void add(const FrameRecord& frame);

  // Sums, kept by add().
  std::uint64_t frames = 0;
  std::uint64_t unchanged_frames = 0;  ///< of these: neither sent nor computed
  double first_captured_s = 0;
  double last_finished_s = 0;
  LatencyHistogram latency;                                ///< of frames that were sent
  std::vector<LinkTraffic> links;                          ///< by worker that the link leads to
  std::vector<WorkerTimes> workers;                        ///< by worker
  std::map<std::vector<LayerIndex>, std::uint64_t> plans;  ///< frames of each, by Plan::ends; bounded
  std::uint64_t frames_of_other_plans = 0;
};

/// Means per frame, in bytes; the largest error.
struct LinkSummary {
  std::string name;  ///< "master → worker 0"
  double sent = 0;
  double raw_float = 0;
  double full = 0;
  double values_error = 0;  ///< of rounded tensors, relative to the largest value; 0: nothing was rounded
};

/// Shares of the run's duration, 0..1.
struct WorkerSummary {
  std::string name;
  double receive = 0;
  double decode = 0;
  double compute = 0;
  double encode = 0;
  double send = 0;
  /// Part of its layers' multiply-adds that was computed; nothing if it had none.
  std::optional<double> computed = {};
  double wait = 0;  ///< neither decoding, computing nor encoding (receiving and sending go on beside that)
};

/// The single device that would be fastest alone. Its transfer is not counted, so the gain is understated.
struct SingleDevice {
  int worker = 0;
  double seconds_per_frame = 0;
  bool measured = false;       ///< in this run, under its load; false: profiled before it
  std::optional<double> gain;  ///< seconds_per_frame / the chain's; nothing if the source set the frame rate
};

struct RunSummary {
  std::uint64_t frames = 0;
  std::uint64_t dropped_frames = 0;
  std::uint64_t unchanged_frames = 0;
  std::uint64_t checked_frames = 0;
  std::uint64_t mismatched_frames = 0;
  std::string agreement;
  double duration_s = 0;  ///< from the first frame's capture to the last one's result
  double frames_per_second = 0;
  /// Of frames that were sent: the others have their results at once.
  double latency_mean_s = 0, latency_p50_s = 0, latency_p95_s = 0, latency_max_s = 0;
  std::string plan;       ///< the most frequent one
  double plan_share = 0;  ///< of the frames
  bool several_plans = false;
  std::vector<LinkSummary> links;
  std::vector<WorkerSummary> workers;
  std::optional<SingleDevice> best_single_device;
};

/// Pure; every figure is finite, also for a run without frames.
RunSummary summarize(const RunStatistics& statistics);

}  // namespace edge
