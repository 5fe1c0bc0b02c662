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
#include "roles/config/quote.h"
#include "roles/detection/detector.h"
#include "roles/master/checker.h"
#include "roles/master/frame_output.h"
#include "roles/plan/costs_file.h"
#include "roles/report/gantt.h"
#include "roles/standard_output.h"
#include "roles/trace/link_events.h"
#include "roles/video/source_name.h"

namespace edge {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t gantt_frames = 6;

/// Who wants checksums only wants no objects.
std::optional<detection::Detector> open_detector(const Config& config, const Graph& graph) {
  auto detector = detection::make_detector(config.detection, graph, config.model);
  if (config.output.result == ResultKind::checksum) detector.reset();
  return detector;
}

chain::FrameOptions frame_options(const Config& config, const std::optional<detection::Detector>& detector) {
  chain::FrameOptions options{
      .coding = {.delta = config.net.mode == Mode::delta, .compress = config.net.compress},
      .full_result = config.check || config.output.result == ResultKind::full};
  if (detector) {
    options.objects = {
        .decoder = std::string(detector->decoder->name()), .wanted = detector->wanted, .placement = {}};
  } else if (config.output.result == ResultKind::top_k) {
    options.top_k = config.output.top_k;
  }
  return options;
}

net::LinkSender::Options link_options(const Config& config, const net::Identity& identity) {
  return {.connector = {.host = config.workers.front().address.host,
                        .port = config.workers.front().address.port,
                        .hello = {.identity = identity,
                                  .purpose = net::Purpose::link,
                                  .wanted_role = "worker",
                                  .wanted_index = 0,
                                  .workers = static_cast<int>(config.workers.size())},
                        .connection = {.heartbeat = config.net.heartbeat, .timeout = config.net.timeout}}};
}

GroupSource open_source(const Config& config, const Framing& framing) {
  std::unique_ptr<FrameSource> source = open_frame_source({.source = config.video.source,
                                                           .rows = config.model.rows,
                                                           .columns = config.model.columns,
                                                           .framing = framing,
                                                           .loop = config.video.loop,
                                                           .rtsp_transport = config.video.rtsp_transport});
  const bool may_look_ahead = !config.video.realtime && !source->live();
  return {std::move(source),
          {.realtime = config.video.realtime, .frame_limit = config.video.frames},
          {.hold = config.video.hold,
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

double whole_network_s(const Member& member) {
  return std::accumulate(member.layer_cost.begin(), member.layer_cost.end(), 0.0);
}

std::unique_ptr<trace::TraceWriter> open_trace(const std::string& file) {
  if (file.empty()) return nullptr;
  auto trace = std::make_unique<trace::TraceWriter>(file, "master", trace::master_process);
  trace->set_clock_offset(0);
  return trace;
}

}  // namespace

Master::Master(const Config& config, const MasterOptions& options)
    : config_(config),
      options_(options),
      model_(load_model(config.model)),
      detector_(open_detector(config, model_.graph)),
      identity_(make_identity("master", 0, model_)),
      frame_options_(frame_options(config, detector_)),
      trace_(open_trace(options.trace)),
      source_(open_source(config_, model_.framing)),
      stop_signal_(context_, [this] { interrupt(); }),
      planner_(config_, model_),
      reader_(source_, planner_, static_cast<std::uint64_t>(config_.schedule.group_size), trace_.get()),
      chain_(context_, config_, model_, detector_ ? detector_->decoder.get() : nullptr, identity_,
             chain_events()),
      link_(context_, link_options(config_, identity_), link_events()),
      trainer_(context_, config_, model_, identity_,
               {.predictors =
                    [this](std::shared_ptr<const prediction::TransferPredictor> predictor) {
                      planner_.set_predictor(std::move(predictor));
                    },
                .ready = [this] { run_.tell([](Run& run) { run.trainer_ready(); }); }}),
      run_({.instance = identity_.instance,
            .isa = identity_.isa,
            .pending = static_cast<std::size_t>(config_.schedule.pending),
            .bandwidth = configured_bandwidth(config_),
            .waits_for_trainer = trainer_.waits()}),
      waiting_(context_, config_, run_) {}

Master::~Master() {
  end_threads();
}

int Master::run() {
  net::name_this_thread("net");
  if (has_random_weights(config_.model)) {
    spdlog::warn("no trained weights: {} has random ones (seed {}), its results mean nothing",
                 config_.model.name, config_.model.seed);
  }
  if (detector_) {
    spdlog::info("finds objects: decoder {}, threshold {:.2f}, nms {:.2f}", detector_->decoder->name(),
                 detector_->wanted.threshold, detector_->wanted.overlap);
  }
  feed_thread_ = std::thread([this] { feed(); });
  dispatch_thread_ = std::thread([this] { dispatch(); });
  output_thread_ = std::thread([this] { output(); });
  trainer_.start();
  chain_.start();
  link_.start();
  context_.run();
  end_threads();
  return stop_signal_.received() != 0 ? exit_status_of_signal(stop_signal_.received()) : exit_status_.load();
}

void Master::end_threads() {
  run_.tell([](Run& run) { run.stop(); });
  link_.close();
  source_.cancel();
  for (std::thread* thread : {&feed_thread_, &dispatch_thread_, &output_thread_}) {
    if (thread->joinable()) thread->join();
  }
}

void Master::interrupt() {
  run_.tell([](Run& run) { run.stop(); });
  source_.cancel();
  const std::string verb = stop_signal_.received() != 0 ? "stopped" : failed_ ? "gave up" : "finished";
  chain_.leave(verb);
  link_.leave(verb);
  trainer_.leave(verb);
  context_.stop();
}

void Master::fail(const std::string& reason) {
  if (failed_.exchange(true)) return;
  spdlog::error("{}", reason);
  exit_status_ = 1;
  asio::post(context_, [this] { interrupt(); });
}

Chain::Handlers Master::chain_events() {
  return {
      .up =
          [this](int worker, const net::Identity& identity) {
            run_.tell([&](Run& run) { run.worker_up(worker, identity.isa); });
            waiting_.connected(worker);
          },
      .lost =
          [this](int worker) {
            run_.tell([&](Run& run) { run.worker_lost(worker); });
            link_.reset();  // whoever waits for room in it shall not wait for a worker that is away
          },
      .offended =
          [this](int worker, const std::string& reason) {
            if (run_.tell([&](Run& run) { return run.worker_offended(worker); })) {
              fail(
                  fmt::format("gave up worker {}, which sends nonsense again and again: {}", worker, reason));
            }
          },
      .profiled =
          [this](int worker, std::vector<double> layer_cost) {
            run_.tell([&](Run& run) { run.profiled(worker, std::move(layer_cost)); });
          },
      .result = [this](const chain::Result& result) { take(result); },
      .link_probed = [this](int worker, const net::Transfer& transfer) { link_probed(worker, transfer); },
      .waiting = [this](int worker, const std::string& reason) { waiting_.not_connected(worker, reason); },
      .failed = [this](const std::string& reason) { fail(reason); }};
}

net::LinkSender::Handlers Master::link_events() {
  return {.refused = [this](const std::string& reason) { fail(reason); },
          .waiting = [this](const std::string& reason) { waiting_.link_not_connected(reason); },
          .connected = [this] { waiting_.link_connected(); },
          .failed = [this](const std::string& reason) { fail("the master cannot go on: " + reason); },
          .probed = [this](const net::Transfer& transfer) { link_probed(0, transfer); },
          .time_spent = trace::link_observer(trace_.get(), "link to worker 0", true)};
}

void Master::take(const chain::Result& result) {
  const Run::Fate fate = run_.tell([&](Run& run) {
    const Run::Fate judged = run.result(result, steady_clock::now());
    // Before the frame can be written out, and the run be at its end.
    if (judged == Run::Fate::accepted) planner_.finished(result);
    return judged;
  });
  if (fate == Run::Fate::accepted) return;
  spdlog::debug("frame {}: dropped a result of {}", result.frame,
                fate == Run::Fate::other_run ? "another run" : "a frame that is not under way");
}

void Master::link_probed(int worker, const net::Transfer& transfer) {
  const double bytes_per_s = static_cast<double>(transfer.bytes) / transfer.seconds;
  spdlog::debug("link {}: {:.2f} MB/s", worker, bytes_per_s / 1e6);
  planner_.add_transfer(worker, transfer);
  run_.tell([&](Run& run) { run.link_measured(worker, bytes_per_s); });
}

void Master::feed() {
  net::name_this_thread("feed");
  for (;;) {
    const auto due = run_.next(&Run::next_to_read);
    const auto* read = std::get_if<action::ReadFrame>(&due);
    if (!read) return;
    std::optional<FrameUnderWay> frame;
    try {
      frame = reader_.read(read->frame);
    } catch (const std::exception& error) {
      // Frames that are under way still come back and are written out.
      spdlog::error("{}", error.what());
      exit_status_ = 1;
    }
    run_.tell([&](Run& run) {
      if (frame) {
        run.frame_read(std::move(*frame));
      } else {
        run.input_ended();
      }
    });
  }
}

void Master::dispatch() {
  net::name_this_thread("dispatch");
  try {
    for (;;) {
      const auto due = run_.next(&Run::next_to_dispatch);
      if (const auto* epoch = std::get_if<action::BeginEpoch>(&due)) {
        begin(*epoch);
      } else if (const auto* frame = std::get_if<action::SendFrame>(&due)) {
        send(*frame);
      } else {
        return;
      }
      run_.tell([](Run& run) { run.dispatched(); });
    }
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void Master::begin(const action::BeginEpoch& epoch) {
  std::vector<std::vector<double>> profiles;
  for (std::size_t worker = 0; worker < epoch.members.size(); ++worker) {
    const Member& member = epoch.members[worker];
    profiles.push_back(member.layer_cost);
    if (!members_.empty() && members_[worker] == member) continue;
    spdlog::info("worker {}: {}, the whole network takes it {:.1f} ms; link {:.1f} MB/s", worker, member.isa,
                 whole_network_s(member) * 1e3, *epoch.bandwidth[worker] / 1e6);
  }
  members_ = epoch.members;
  planner_.begin_epoch(std::move(profiles), epoch.bandwidth);
  link_.reset();  // what it still holds is of the epoch before
  if (epoch.frames_again > 0) {
    spdlog::warn("the chain is complete again: sends {} frames once more", epoch.frames_again);
  }
}

void Master::send(const action::SendFrame& send) {
  const FrameUnderWay& frame = send.frame;
  planner_.sent(frame.frame, frame.plan);
  chain::FrameOptions options = frame_options_;
  if (options.objects) options.objects->placement = frame.placement;
  link_.send(chain::outgoing_frame(
      frame.frame,
      {.run = {.instance = identity_.instance, .epoch = send.epoch},
       .ends = frame.plan.ends,
       .options = std::move(options)},
      {{0, frame.pixels}}, [](const net::SendTimes& sent) { return chain::stage_report(-1, {}, {}, sent); }));
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

void Master::output() {
  net::name_this_thread("output");
  try {
    output_frames();
  } catch (const ClosedPipe&) {
    exit_status_ = ClosedPipe::exit_status;
  } catch (const std::exception& error) {
    fail(error.what());
  }
  asio::post(context_, [this] { interrupt(); });
}

void Master::write_costs() {
  const std::optional<scheduling::Costs> costs = planner_.final_costs();
  if (options_.costs == nullptr || !costs) return;
  options_.costs->write(plan::costs_text(*costs, model_.graph));
  spdlog::info("costs: {}; edge plan --costs reads it", printable(options_.costs->name(), 200));
}

void Master::output_frames() {
  std::optional<FrameOutput> output;
  std::optional<Checker> checker;
  std::deque<GanttFrame> last_frames;
  for (;;) {
    auto due = run_.next(&Run::next_to_deliver);
    auto* const deliver = std::get_if<action::Deliver>(&due);
    if (!deliver) break;
    FrameUnderWay* const frame = &deliver->frame;
    if (!output) {
      output.emplace(config_, model_, *options_.lines, frame->captured, identity_.instance,
                     detector_ ? &detector_->labels : nullptr);
      if (config_.check) {
        checker.emplace(model_, detector_ ? &*detector_ : nullptr, resolve_threads(config_.threads));
      }
    }
    if (checker) {
      const auto start = steady_clock::now();
      const bool right = checker->check(*frame);
      trace_event("output", "check", start, frame->frame);
      output->count_check(!right);
      if (!right) {
        exit_status_ = 1;
        output->clear_progress();
        spdlog::error("frame {}: {}", frame->video_index, checker->explanation());
      }
    }
    output->set_dropped(frame->dropped);
    const auto start = steady_clock::now();
    output->write(*frame);
    if (options_.truth != nullptr) options_.truth->write(frame->video_index);
    trace_event("output", "write", start, frame->frame, trace::Flow::ends);
    if (options_.gantt) {
      last_frames.push_back({.frame = frame->video_index, .stages = std::move(frame->result->stages)});
      if (last_frames.size() > gantt_frames) last_frames.pop_front();
    }
  }
  if (!output) {
    if (exit_status_ == 0 && stop_signal_.received() == 0)
      throw Error(fmt::format("{}: no frame", source_name(config_.video.source)));
    return;
  }
  output->print_table(planner_.summary());
  write_costs();
  std::cerr << format_gantt(last_frames) << std::flush;
  if (checker && checker->missed() == 0) {
    spdlog::info(
        "check: {} frames right, {}", checker->checked(),
        checker->exact() ? "bit for bit" : fmt::format("worst relative error {:.1e}", checker->worst()));
  }
}

}  // namespace edge
