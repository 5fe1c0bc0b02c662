#include "roles/master/master.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/post.hpp>
#include <deque>
#include <iostream>
#include <numeric>
#include <utility>

#include "net/thread_name.h"
#include "roles/master/checker.h"
#include "roles/master/frame_output.h"
#include "roles/report/gantt.h"
#include "roles/trace/link_events.h"

namespace edge {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t gantt_frames = 6;

chain::FrameOptions frame_options(const Config& config) {
  return {.coding = {.delta = config.net.mode == Mode::delta, .compress = config.net.compress},
          .full_result = config.check || config.output.result == ResultKind::full,
          .top_k = config.output.result == ResultKind::top_k ? config.output.top_k : 0};
}

net::LinkSender::Options link_options(const Config& config, const net::Identity& identity) {
  return {.connector = {.host = config.workers.front().address.host,
                        .port = config.workers.front().address.port,
                        .hello = {.identity = identity,
                                  .purpose = net::Purpose::link,
                                  .wanted_role = "worker",
                                  .wanted_index = 0},
                        .connection = {.heartbeat = config.net.heartbeat, .timeout = config.net.timeout}}};
}

GroupSource open_source(const Config& config) {
  std::unique_ptr<FrameSource> source = open_frame_source({.source = config.video.source,
                                                           .rows = config.model.rows,
                                                           .columns = config.model.columns,
                                                           .loop = config.video.loop});
  const bool may_look_ahead = !config.video.realtime && !source->live();
  return {std::move(source),
          {.realtime = config.video.realtime, .frame_limit = config.video.frames},
          {.deadband = config.video.deadband,
           .look_ahead = may_look_ahead ? static_cast<std::size_t>(config.schedule.group_size) : 1}};
}

/// Of the link into each worker, as configured.
std::vector<std::optional<double>> configured_bandwidth(const Config& config) {
  std::vector<std::optional<double>> bandwidth;
  for (const WorkerConfig& worker : config.workers) {
    bandwidth.push_back(worker.bandwidth_bytes_per_s > 0 ? std::optional(worker.bandwidth_bytes_per_s)
                                                         : std::nullopt);
  }
  return bandwidth;
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

Master::Master(const Config& config, const MasterOptions& options)
    : config_(config),
      options_(options),
      model_(load_model(config.model)),
      identity_(make_identity("master", 0, model_)),
      frame_options_(frame_options(config)),
      stop_signal_(context_, [this] { interrupt(); }),
      in_flight_(config.schedule.pending),
      source_(open_source(config_)),
      planner_(config_, model_),
      chain_(context_, config_, model_, identity_,
             {.complete = [this] { chain_complete(); },
              .lost =
                  [this](int) {
                    chain_complete_ = false;
                    in_flight_.set_complete(false);
                    link_.reset();
                    planner_.interrupted();
                  },
              .result =
                  [this](chain::Result result) {
                    planner_.finished(result);
                    in_flight_.finish(std::move(result));
                  },
              .probed = [this](int worker, const net::Transfer& transfer) { link_probed(worker, transfer); },
              .failed = [this](const std::string& reason) { fail(reason); }}),
      link_(context_, link_options(config_, identity_),
            {.refused = [this](const std::string& reason) { fail(reason); },
             .probed = [this](const net::Transfer& transfer) { link_probed(0, transfer); },
             .time_spent = trace::link_observer(open_trace(), "link to worker 0", true)}),
      trainer_(context_, config_, model_, identity_,
               {.predictors =
                    [this](std::shared_ptr<const prediction::TransferPredictor> predictor) {
                      planner_.set_predictor(std::move(predictor));
                    },
                .ready = [this] { begin(); }}),
      bandwidth_(configured_bandwidth(config_)) {}

trace::TraceWriter* Master::open_trace() {
  if (options_.trace.empty()) return nullptr;
  trace_.emplace(options_.trace, "master", trace::master_process);
  trace_->set_clock_offset(0);
  return &*trace_;
}

void Master::trace_event(const char* track, const char* name, steady_clock::time_point begin,
                         std::optional<std::uint64_t> frame, trace::Flow flow) {
  if (!trace_) return;
  trace_->add({.track = track,
               .name = name,
               .begin = begin,
               .end = steady_clock::now(),
               .frame = frame,
               .flow = flow});
}

Master::~Master() {
  in_flight_.stop();
  link_.close();
  source_.cancel();
  if (feed_thread_.joinable()) feed_thread_.join();
  if (output_thread_.joinable()) output_thread_.join();
}

int Master::run() {
  net::name_this_thread("net");
  if (config_.model.weights.empty()) {
    spdlog::warn("no trained weights: {} has random ones (seed {}), its results mean nothing",
                 config_.model.name, config_.model.seed);
  }
  feed_thread_ = std::thread([this] { feed(); });
  output_thread_ = std::thread([this] { output(); });
  trainer_.start();
  chain_.start();
  link_.start();
  context_.run();
  in_flight_.stop();
  link_.close();
  source_.cancel();
  feed_thread_.join();
  output_thread_.join();
  return stop_signal_.received() != 0 ? exit_status_of_signal(stop_signal_.received()) : exit_status_.load();
}

void Master::interrupt() {
  in_flight_.stop();
  source_.cancel();
  context_.stop();
}

void Master::fail(const std::string& reason) {
  spdlog::error("{}", reason);
  exit_status_ = 1;
  asio::post(context_, [this] { interrupt(); });
}

void Master::link_probed(int worker, const net::Transfer& transfer) {
  const double bytes_per_s = static_cast<double>(transfer.bytes) / transfer.seconds;
  std::optional<double>& known = bandwidth_[static_cast<std::size_t>(worker)];
  spdlog::debug("link {}: {:.2f} MB/s", worker, bytes_per_s / 1e6);
  planner_.add_transfer(worker, transfer);
  if (known) return;
  known = bytes_per_s;
  begin();
}

void Master::chain_complete() {
  chain_complete_ = true;
  begin();
}

void Master::begin() {
  const bool links_known = std::all_of(bandwidth_.begin(), bandwidth_.end(), [](const auto& b) { return b; });
  if (!chain_complete_ || !links_known || trainer_.waits()) return;
  if (!chain_known_) {
    std::vector<std::vector<double>> profiles;
    for (int worker = 0; worker < chain_.size(); ++worker) {
      profiles.push_back(chain_.layer_cost(worker));
      whole_network_s_.push_back(sum(profiles.back()));
      same_isa_ = same_isa_ && chain_.isa(worker) == identity_.isa;
      spdlog::info("worker {}: {}, the whole network takes it {:.1f} ms; link {:.1f} MB/s", worker,
                   chain_.isa(worker), whole_network_s_.back() * 1e3,
                   *bandwidth_[static_cast<std::size_t>(worker)] / 1e6);
    }
    planner_.set_chain(std::move(profiles), bandwidth_);
    chain_known_ = true;
  }
  in_flight_.set_complete(true);
}

void Master::feed() {
  net::name_this_thread("feed");
  try {
    feed_frames();
  } catch (const std::exception& error) {
    // Frames that are under way still come back and are written out.
    spdlog::error("{}", error.what());
    exit_status_ = 1;
    in_flight_.end_of_input();
  }
}

void Master::feed_frames() {
  for (;;) {
    switch (in_flight_.wait_for_work()) {
      case InFlight::Next::done:
        return;
      case InFlight::Next::send_again:
        send_unfinished_again();
        break;
      case InFlight::Next::send:
        if (!send_next_frame()) in_flight_.end_of_input();
        break;
    }
  }
}

bool Master::send_next_frame() {
  if (next_frame_ % static_cast<std::uint64_t>(config_.schedule.group_size) == 0) {
    const auto start = steady_clock::now();
    const std::vector<std::vector<double>> rates = source_.upcoming_rates();
    if (rates.empty()) return false;
    trace_event("feed", "read group", start);
    const auto planning = steady_clock::now();
    plan_ = planner_.plan(next_frame_, rates);
    trace_event("feed", "plan", planning);
  }
  std::optional<InputFrame> next = source_.next();
  if (!next) return false;
  FrameUnderWay frame{.frame = next_frame_,
                      .video_index = next->video_index,
                      .captured = next->captured,
                      .finished = {},
                      .plan = plan_,
                      .pixels = std::move(next->pixels),
                      .result = {}};
  dropped_ = next->dropped;
  ++next_frame_;
  net::OutgoingFrame message = outgoing_frame(frame);
  planner_.sent(frame.frame, frame.plan);
  in_flight_.add(std::move(frame));
  link_.send(std::move(message));
  return true;
}

void Master::send_unfinished_again() {
  ++epoch_;
  link_.reset();
  const std::vector<FrameUnderWay> frames = in_flight_.unfinished();
  if (!frames.empty()) spdlog::warn("the chain is complete again: sends {} frames once more", frames.size());
  for (const FrameUnderWay& frame : frames) {
    planner_.sent(frame.frame, frame.plan);
    link_.send(outgoing_frame(frame));
  }
}

net::OutgoingFrame Master::outgoing_frame(const FrameUnderWay& frame) const {
  return chain::outgoing_frame(
      frame.frame,
      {.run = {.instance = identity_.instance, .epoch = epoch_},
       .ends = frame.plan.ends,
       .options = frame_options_},
      {{0, frame.pixels}}, [](const net::SendTimes& sent) { return chain::stage_report(-1, {}, {}, sent); });
}

void Master::output() {
  net::name_this_thread("output");
  try {
    output_frames();
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    exit_status_ = 1;
  }
  asio::post(context_, [this] { interrupt(); });
}

void Master::output_frames() {
  std::optional<FrameOutput> output;
  std::optional<Checker> checker;
  std::deque<GanttFrame> last_frames;
  while (std::optional<FrameUnderWay> frame = in_flight_.next_finished()) {
    if (!output) {
      output.emplace(config_, model_, frame->captured, whole_network_s_);
      if (config_.check) checker.emplace(model_, resolve_threads(config_.threads), same_isa_);
    }
    if (checker) {
      const auto start = steady_clock::now();
      const bool right = checker->check(frame->pixels, frame->result->output);
      trace_event("output", "check", start, frame->frame);
      output->count_check(!right);
      if (!right) {
        exit_status_ = 1;
        output->clear_progress();
        spdlog::error("frame {}: {}", frame->video_index, checker->explanation());
      }
    }
    output->set_dropped(dropped_);
    const auto start = steady_clock::now();
    output->write(*frame);
    trace_event("output", "write", start, frame->frame, trace::Flow::ends);
    if (options_.gantt) {
      last_frames.push_back({.frame = frame->video_index, .stages = std::move(frame->result->stages)});
      if (last_frames.size() > gantt_frames) last_frames.pop_front();
    }
  }
  if (!output) {
    if (exit_status_ == 0 && stop_signal_.received() == 0)
      throw Error(fmt::format("{}: no frame", config_.video.source));
    return;
  }
  output->print_table(planner_.summary());
  std::cerr << format_gantt(last_frames) << std::flush;
  if (checker && checker->missed() == 0) {
    spdlog::info(
        "check: {} frames right, {}", checker->checked(),
        checker->exact() ? "bit for bit" : fmt::format("worst relative error {:.1e}", checker->worst()));
  }
}

}  // namespace edge
