// `edge trainer`: learns from a video how changes spread through the network, and tells masters.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "engine/executor.h"
#include "engine/output_file.h"
#include "net/listener.h"
#include "roles/config/config.h"
#include "roles/model.h"
#include "roles/prediction/predictors.h"
#include "roles/stop_signal.h"
#include "roles/trace/trace_writer.h"
#include "roles/trainer/statistics.h"
#include "roles/video/frame_source.h"

namespace edge {

struct TrainerOptions {
  std::optional<int> listening_descriptor = std::nullopt;  ///< a socket that `edge local` opened
  bool retrain = false;                                    ///< learn although the cache has what is wanted
  OutputFile* report =
      nullptr;             ///< write this HTML file, judge by further frames, and end; no master is served
  std::string trace = {};  ///< write a trace file
  OutputFile* statistics = nullptr;  ///< with a report: the numbers behind it as JSON, for comparisons
};

/// Threads: the caller of run() does all network traffic; "train" reads the video, collects and fits (with
/// pools of its own). Serves any number of masters until SIGINT or SIGTERM.
class Trainer {
 public:
  /// Binds the port (unless it makes a report). Throws Error (no address in the config, port in use ...).
  Trainer(const Config& config, const TrainerOptions& options);
  ~Trainer();

  /// Returns the exit status.
  int run();

 private:
  // On the io_context's thread.
  asio::awaitable<void> serve(std::shared_ptr<net::Connection> connection);
  asio::awaitable<void> tell_progress();
  void tell_all(const net::Message& message);
  void stop();

  // On the "train" thread.
  void train();
  prediction::Predictors load_or_learn();
  std::optional<prediction::Predictors> load();
  trainer::Statistics collect(int held_out);
  prediction::Predictors learn(const trainer::Statistics& statistics);
  void report();
  /// stop() ends its waits.
  std::unique_ptr<FrameSource> open_video();
  void trace_event(const char* name, std::chrono::steady_clock::time_point begin);
  void publish(net::Message message);

  const Config config_;
  const TrainerOptions options_;
  const Model model_;
  const int threads_;
  const std::string source_, source_name_;  ///< as configured, and for people
  const net::Identity identity_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  StopSignal stop_signal_;
  asio::steady_timer progress_due_{context_};
  asio::steady_timer farewell_{context_};
  std::optional<trace::TraceWriter> trace_;
  Executor executor_;  ///< the "train" thread's
  std::optional<net::Listener> listener_;

  // The io_context's thread only.
  std::list<std::shared_ptr<net::Connection>> masters_;
  std::optional<net::Message> answer_;  ///< predictors, or the failure to learn any

  std::atomic<int> done_{0};  ///< frames learnt from so far
  std::atomic<bool> stopping_{false};
  std::atomic<int> exit_status_{0};
  std::stop_source stop_source_;
  std::thread train_thread_;
};

}  // namespace edge
