// `edge master`: reads the video, plans, sends frames down the chain, emits results in order.
#pragma once

#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/link_sender.h"
#include "roles/chain/frame_header.h"
#include "roles/config/config.h"
#include "roles/master/chain.h"
#include "roles/master/group_source.h"
#include "roles/master/in_flight.h"
#include "roles/master/planner.h"
#include "roles/master/trainer_watch.h"
#include "roles/model.h"
#include "roles/stop_signal.h"
#include "roles/trace/trace_writer.h"

namespace edge {

struct MasterOptions {
  std::string trace = {};  ///< write a trace file
  bool gantt = false;      ///< print when the stages worked on the last frames
};

/// Threads: the caller of run() does all network traffic; "feed" reads the video, plans and sends; "output"
/// checks and writes results; "send" encodes.
class Master {
 public:
  /// Opens the video. Throws Error.
  explicit Master(const Config& config, const MasterOptions& options = {});
  ~Master();

  /// Returns the exit status: 0, 1 after an error or a failed check, 128 + n after signal n.
  int run();

 private:
  // On the io_context's thread.
  void chain_complete();
  void begin();
  void link_probed(int worker, const net::Transfer& transfer);
  void fail(const std::string& reason);
  void interrupt();

  // On the "feed" thread.
  void feed();
  void feed_frames();
  bool send_next_frame();
  void send_unfinished_again();
  net::OutgoingFrame outgoing_frame(const FrameUnderWay& frame) const;
  trace::TraceWriter* open_trace();
  void trace_event(const char* track, const char* name, std::chrono::steady_clock::time_point begin,
                   std::optional<std::uint64_t> frame = {}, trace::Flow flow = trace::Flow::none);

  // On the "output" thread.
  void output();
  void output_frames();

  const Config config_;
  const MasterOptions options_;
  const Model model_;
  const net::Identity identity_;
  const chain::FrameOptions frame_options_;
  asio::io_context context_;
  StopSignal stop_signal_;
  InFlight in_flight_;
  std::optional<trace::TraceWriter> trace_;
  GroupSource source_;
  Planner planner_;
  Chain chain_;
  net::LinkSender link_;
  TrainerWatch trainer_;

  // Only the io_context's thread touches these.
  std::vector<std::optional<double>>
      bandwidth_;  ///< bytes/s of the link into each worker: configured or probed
  bool chain_complete_ = false;

  std::vector<double>
      whole_network_s_;   ///< seconds of each worker; set when the chain is complete for the first time
  bool same_isa_ = true;  ///< likewise: all workers have the master's ISA
  bool chain_known_ = false;
  std::atomic<int> exit_status_{0};
  std::atomic<std::uint64_t> dropped_{0};  ///< by the source

  // Only the "feed" thread touches these.
  std::uint64_t next_frame_ = 0;
  scheduling::Plan plan_;
  std::uint32_t epoch_ = 1;

  std::thread feed_thread_;
  std::thread output_thread_;
};

}  // namespace edge
