// `edge master`: reads the video, plans, sends frames down the chain, emits results in order.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/output_file.h"
#include "roles/chain/frame_header.h"
#include "roles/chain/links.h"
#include "roles/config/config.h"
#include "roles/detection/detector.h"
#include "roles/line_output.h"
#include "roles/master/chain.h"
#include "roles/master/flap_guard.h"
#include "roles/master/frame_reader.h"
#include "roles/master/group_source.h"
#include "roles/master/planner.h"
#include "roles/master/shared_run.h"
#include "roles/master/trainer_watch.h"
#include "roles/master/truth_output.h"
#include "roles/master/waiting_log.h"
#include "roles/model.h"
#include "roles/stop_signal.h"
#include "roles/trace/trace_writer.h"

namespace edge {

struct MasterOptions {
  LineOutput* lines;              ///< where the results go; outlives the master
  std::string trace = {};         ///< write a trace file
  TruthOutput* truth = nullptr;   ///< write what was to be found; outlives the master
  OutputFile* costs = nullptr;    ///< write costs for `edge plan`; outlives the master
  std::string draw = {};          ///< directory for pictures with objects; empty: none
  bool gantt = false;             ///< print when the stages worked on the last frames
  std::uint64_t first_frame = 0;  ///< of the video, that is computed
};

/// A shell around Run: tells it what happens and does what it says. Threads: the caller of run() does all
/// network traffic; "feed" reads the video and plans; "dispatch" gives frames to the link; "output" checks
/// and writes results; "send" encodes.
class Master {
 public:
  /// Opens the video. Throws Error.
  Master(const Config& config, const MasterOptions& options);
  ~Master();

  /// Returns the exit status: 0, 1 after an error or a failed check, 128 + n after signal n.
  int run();

 private:
  /// From any thread: the run ends at once. Only the first reason is told.
  void fail(const std::string& reason);
  void end_threads();

  // On the io_context's thread.
  Chain::Handlers chain_events();
  chain::Links::Handlers link_events();
  template <typename Event>
  void tell(Event event);
  void update_links();
  void worker_lost(int worker);
  void worker_failed(int worker, const std::string& reason);
  void take(const chain::Result& result);
  void link_probed(int from, int to, const net::Transfer& transfer);
  void link_changed(int from, const chain::LinkState& state);
  void interrupt();

  void feed();
  bool joins_others();

  // On the "dispatch" thread.
  void dispatch();
  void begin(const action::BeginEpoch& epoch);
  void send(const action::SendFrame& send);

  // On the "output" thread.
  void output();
  void output_frames();
  void write_costs();

  const Config config_;
  const MasterOptions options_;
  const Model model_;
  const std::optional<detection::Detector> detector_;  ///< nothing: results are without objects
  const net::Identity identity_;
  const chain::FrameOptions frame_options_;
  asio::io_context context_;
  std::unique_ptr<trace::TraceWriter> trace_;  ///< null: none
  GroupSource source_;
  StopSignal stop_signal_;  ///< behind source_: signals just end a process that opens a slow video
  Planner planner_;
  FrameReader reader_;  ///< the "feed" thread's
  Chain chain_;
  chain::Links links_;
  TrainerWatch trainer_;
  SharedRun run_;
  WaitingLog waiting_;
  std::atomic<int> exit_status_{0};
  std::atomic<bool> failed_{false};

  // The io_context's thread's.
  std::vector<std::optional<chain::RouteOrder>>
      told_;                              ///< [w + 1]: what links the master (0) and workers keep
  std::vector<std::uint64_t> instances_;  ///< [w]: of the process that is connected
  FlapGuard flap_guard_;
  std::map<int, asio::steady_timer> kept_out_;  ///< by worker

  // The "feed" thread's.
  scheduling::Route not_worth_it_;  ///< a route that the chain could take, but better does not
  int groups_to_skip_ = 0;          ///< before that is thought over again
  int skipped_groups_ = 0;

  // The "dispatch" thread's, of the epoch.
  std::vector<Member> members_;
  scheduling::Route route_;

  std::thread feed_thread_;
  std::thread dispatch_thread_;
  std::thread output_thread_;
};

}  // namespace edge
