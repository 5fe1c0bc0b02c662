// `edge worker I`: runs its part of the network on the frames that arrive.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/executor.h"
#include "net/link_receiver.h"
#include "net/listener.h"
#include "net/value_rounder.h"
#include "roles/chain/frame_header.h"
#include "roles/chain/links.h"
#include "roles/config/config.h"
#include "roles/detection/decoders.h"
#include "roles/model.h"
#include "roles/stop_signal.h"
#include "roles/trace/trace_writer.h"
#include "roles/worker/master_link.h"

namespace edge {

struct WorkerOptions {
  int index = 0;
  std::optional<int> listening_descriptor = std::nullopt;  ///< a socket that `edge local` opened
  std::string trace = {};                                  ///< write a trace file
  bool reprofile = false;  ///< measure layer costs although the cache has them
};

/// Threads: the caller of run() does all network traffic; "receive" decodes; "compute" profiles, then runs
/// layers; "send" encodes. A worker serves one master after the other until SIGINT or SIGTERM.
class Worker {
 public:
  /// Binds the port. Throws Error (unknown network, port in use ...).
  Worker(const Config& config, const WorkerOptions& options);
  ~Worker();

  /// Returns the exit status.
  int run();
  /// Has run() return soon. From any thread.
  void request_stop();
  std::uint16_t port() const { return listener_->port(); }

 private:
  std::optional<net::Refusal> judge(const net::Hello& hello);
  asio::awaitable<void> serve(std::shared_ptr<net::Connection> connection, net::Hello hello);
  asio::awaitable<void> serve_any(std::shared_ptr<net::Connection> connection, net::Hello hello);
  void stop();
  chain::Links::Handlers link_events();
  void keep_links(std::map<int, chain::LinkTarget> links);
  trace::TraceWriter* open_trace();

  /// Tells of this hop, once it is known what sending cost.
  using ReportHop = std::function<chain::StageReport(const net::SendTimes&)>;

  // On the "compute" thread.
  void compute();
  void profile();
  void process(net::IncomingFrame frame);
  chain::FrameHeader parse_header(std::span<const std::byte> header) const;
  std::optional<std::vector<net::ArraySpec>> arrays_of(
      std::span<const std::byte> bytes) const;  ///< on "receive"
  void send_result(std::uint64_t frame, chain::FrameHeader header, const net::ArrayMap& arrays,
                   const ReportHop& report);

  // From any thread: the master shall know why the worker cannot work, or why it ends.
  void fail(const std::string& reason);
  void end_because(const std::string& reason);

  const Config config_;
  const WorkerOptions options_;
  const Model model_;
  const detection::Decoders decoders_;
  const int threads_;
  const net::Identity identity_;
  asio::io_context context_;
  StopSignal stop_signal_;
  asio::steady_timer farewell_{context_};
  std::optional<trace::TraceWriter> trace_;
  MasterLink master_;
  Executor executor_;          ///< the "compute" thread's
  net::ValueRounder rounder_;  ///< likewise, of the link behind this worker
  chain::RunId rounded_run_;   ///< whose frames it has rounded
  net::LinkReceiver receiver_;
  chain::Links links_;
  std::optional<net::Listener> listener_;

  std::atomic<bool> stopping_{false};
  std::stop_source stop_source_;
  std::atomic<int> exit_status_{0};
  std::thread compute_thread_;
};

}  // namespace edge
