// `edge master`: reads the video, plans, sends frames down the chain, emits results in order.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/link_sender.h"
#include "roles/config/config.h"
#include "roles/master/chain.h"
#include "roles/master/in_flight.h"
#include "roles/model.h"
#include "roles/scheduling/scheduler.h"
#include "roles/stop_signal.h"
#include "roles/video/paced_source.h"

namespace edge {

/// Threads: the caller of run() does all network traffic; "feed" reads the video, plans and sends; "output"
/// checks and writes results; "send" encodes.
class Master {
 public:
  /// Opens the video. Throws Error.
  explicit Master(const Config& config);
  ~Master();

  /// Returns the exit status: 0, 1 after an error or a failed check, 128 + n after signal n.
  int run();

 private:
  // On the io_context's thread.
  void chain_complete();
  void fail(const std::string& reason);
  void interrupt();

  // On the "feed" thread.
  void feed();
  void feed_frames();
  bool send_next_frame();
  void send_unfinished_again();
  scheduling::Plan next_plan();
  net::LinkFrame link_frame(const FrameUnderWay& frame) const;
  net::Elements hold(net::Elements pixels);

  // On the "output" thread.
  void output();
  void output_frames();

  const Config config_;
  const Model model_;
  const net::Identity identity_;
  const net::FrameOptions frame_options_;
  asio::io_context context_;
  StopSignal stop_signal_;
  InFlight in_flight_;
  PacedSource source_;
  std::unique_ptr<scheduling::Scheduler> scheduler_;
  Chain chain_;
  net::LinkSender link_;

  scheduling::Costs costs_;              ///< set when the chain is complete for the first time
  std::vector<double> whole_network_s_;  ///< likewise: seconds of each worker
  bool same_isa_ = true;                 ///< likewise: all workers have the master's ISA
  bool chain_known_ = false;
  std::atomic<int> exit_status_{0};
  std::atomic<std::uint64_t> dropped_{0};  ///< by the source

  // Only the "feed" thread touches these.
  std::uint64_t next_frame_ = 0;
  scheduling::Plan plan_;
  std::uint32_t epoch_ = 1;
  net::Elements held_;  ///< the last frame sent, for the deadband

  std::thread feed_thread_;
  std::thread output_thread_;
};

}  // namespace edge
