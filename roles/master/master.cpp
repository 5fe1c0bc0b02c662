#include "roles/master/master.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/post.hpp>
#include <cstring>
#include <numeric>

#include "kernels/delta.h"
#include "net/thread_name.h"
#include "roles/master/checker.h"
#include "roles/master/frame_output.h"

namespace edge {

using std::chrono::steady_clock;

namespace {

net::FrameOptions frame_options(const Config& config) {
  return {.delta = config.net.mode == Mode::delta,
          .compress = config.net.compress,
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
                        .connection = {.heartbeat = config.net.heartbeat, .timeout = config.net.timeout}},
          .worker = 0,
          .sending_worker = -1};
}

VideoOptions video_options(const Config& config) {
  return {.source = config.video.source,
          .rows = config.model.rows,
          .columns = config.model.columns,
          .loop = config.video.loop};
}

std::unique_ptr<scheduling::Scheduler> open_scheduler(const Config& config, const Model& model) {
  scheduling::SchedulerOptions options{.side = config.schedule.side, .plans = {}};
  for (const auto& ranges : config.schedule.plans) {
    options.plans.push_back(
        scheduling::plan_from_ranges(ranges, model.graph.size(), static_cast<int>(config.workers.size()),
                                     fmt::format("{}: plan in [schedule]", config.file.string())));
  }
  return scheduling::make_scheduler(config.schedule.scheduler, options);
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

Master::Master(const Config& config)
    : config_(config),
      model_(load_model(config.model)),
      identity_(make_identity("master", 0, model_)),
      frame_options_(frame_options(config)),
      stop_signal_(context_, [this] { interrupt(); }),
      in_flight_(config.schedule.pending),
      source_(open_frame_source(video_options(config)),
              {.realtime = config.video.realtime, .frame_limit = config.video.frames}),
      scheduler_(open_scheduler(config, model_)),
      chain_(context_, config_, model_, identity_,
             {.complete = [this] { chain_complete(); },
              .lost =
                  [this](int) {
                    in_flight_.set_complete(false);
                    link_.reset();
                  },
              .result = [this](net::Result result) { in_flight_.finish(std::move(result)); },
              .failed = [this](const std::string& reason) { fail(reason); }}),
      link_(context_, link_options(config_, identity_),
            {.refused = [this](const std::string& reason) { fail(reason); }}) {}

Master::~Master() {
  in_flight_.stop();
  link_.close();
  source_.cancel();
  if (feed_thread_.joinable()) feed_thread_.join();
  if (output_thread_.joinable()) output_thread_.join();
}

int Master::run() {
  net::name_this_thread("net");
  spdlog::warn("no trained weights: {} has random ones (seed {}), its results mean nothing",
               config_.model.name, config_.model.seed);
  feed_thread_ = std::thread([this] { feed(); });
  output_thread_ = std::thread([this] { output(); });
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

void Master::chain_complete() {
  if (!chain_known_) {
    const double on_worker_0 = sum(chain_.layer_cost(0));
    costs_.layer_cost = chain_.layer_cost(0);
    for (int worker = 0; worker < chain_.size(); ++worker) {
      const double cost = sum(chain_.layer_cost(worker));
      whole_network_s_.push_back(cost);
      same_isa_ = same_isa_ && chain_.isa(worker) == identity_.isa;
      costs_.capacity.push_back(cost > 0 && on_worker_0 > 0 ? on_worker_0 / cost : 1.0);
      spdlog::info("worker {}: {}, the whole network takes it {:.1f} ms", worker, chain_.isa(worker),
                   cost * 1e3);
    }
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
  std::optional<PacedFrame> next = source_.next();
  if (!next) return false;
  if (next_frame_ % static_cast<std::uint64_t>(config_.schedule.group_size) == 0) plan_ = next_plan();
  FrameUnderWay frame{.frame = next_frame_,
                      .video_index = next->index,
                      .captured = next->captured_at,
                      .finished = {},
                      .plan = plan_,
                      .pixels = hold(std::move(next->elements)),
                      .result = {}};
  dropped_ = next->dropped;
  ++next_frame_;
  net::LinkFrame message = link_frame(frame);
  in_flight_.add(std::move(frame));
  link_.send(std::move(message));
  return true;
}

void Master::send_unfinished_again() {
  ++epoch_;
  link_.reset();
  const std::vector<FrameUnderWay> frames = in_flight_.unfinished();
  if (!frames.empty()) spdlog::warn("the chain is complete again: sends {} frames once more", frames.size());
  for (const FrameUnderWay& frame : frames) link_.send(link_frame(frame));
}

scheduling::Plan Master::next_plan() {
  scheduling::Plan plan =
      scheduler_->plan(costs_, next_frame_ / static_cast<std::uint64_t>(config_.schedule.group_size));
  if (plan != plan_) spdlog::info("plan from frame {} on: {}", next_frame_, scheduling::to_string(plan));
  return plan;
}

net::LinkFrame Master::link_frame(const FrameUnderWay& frame) const {
  return {.frame = frame.frame,
          .run = {.instance = identity_.instance, .epoch = epoch_},
          .ends = frame.plan.ends,
          .options = frame_options_,
          .tensors = {{0, frame.pixels}},
          .stages = {net::StageReport{.worker = -1}}};
}

net::Elements Master::hold(net::Elements pixels) {
  if (config_.video.deadband == 0) return pixels;
  if (held_.empty()) return held_ = std::move(pixels);
  auto copy = std::make_shared<std::vector<std::uint8_t>>(held_.count());
  std::memcpy(copy->data(), held_.data, held_.bytes());
  kernels::deadband(kernels::active_isa(), reinterpret_cast<const std::uint8_t*>(pixels.data), copy->data(),
                    copy->size(), static_cast<std::uint8_t>(config_.video.deadband));
  held_.data = reinterpret_cast<const std::byte*>(copy->data());
  held_.storage = std::move(copy);
  return held_;
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
  while (std::optional<FrameUnderWay> frame = in_flight_.next_finished()) {
    if (!output) {
      output.emplace(config_, model_, frame->captured, whole_network_s_);
      if (config_.check) checker.emplace(model_, resolve_threads(config_.threads), same_isa_);
    }
    if (checker) {
      const bool right = checker->check(frame->pixels, frame->result->output);
      output->count_check(!right);
      if (!right) {
        exit_status_ = 1;
        output->clear_progress();
        spdlog::error("frame {}: {}", frame->video_index, checker->explanation());
      }
    }
    output->set_dropped(dropped_);
    output->write(*frame);
  }
  if (!output) {
    if (exit_status_ == 0 && stop_signal_.received() == 0)
      throw Error(fmt::format("{}: no frame", config_.video.source));
    return;
  }
  output->print_table();
  if (checker && checker->missed() == 0) {
    spdlog::info(
        "check: {} frames right, {}", checker->checked(),
        checker->exact() ? "bit for bit" : fmt::format("worst relative error {:.1e}", checker->worst()));
  }
}

}  // namespace edge
