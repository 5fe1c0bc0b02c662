#include "roles/master/master.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <asio/post.hpp>
#include <numeric>
#include <utility>

#include "net/thread_name.h"
#include "roles/chain/worker_address.h"
#include "roles/config/quote.h"
#include "roles/detection/usual_pixels.h"
#include "roles/master/delivery.h"
#include "roles/master/setup.h"
#include "roles/plan/costs_file.h"
#include "roles/standard_output.h"
#include "roles/trace/link_events.h"
#include "roles/usage_error.h"
#include "roles/video/source_name.h"

namespace edge {

using std::chrono::steady_clock;

namespace {

double whole_network_s(const Member& member) {
  return std::accumulate(member.layer_cost.begin(), member.layer_cost.end(), 0.0);
}

void warn_of_unusual_pixels(const detection::Detector& detector, const Model& model,
                            const ModelConfig& config) {
  const std::string words =
      unusual_pixels(*detector.decoder, model.graph, config.preprocessing, model.framing.fit);
  if (!words.empty()) spdlog::warn("{} (docs/detection.md)", words);
}

}  // namespace

Master::Master(const Config& config, const MasterOptions& options)
    : config_(config),
      options_(options),
      model_(load_model(config.model, config.detection.decoder)),
      detector_(open_detector(config, model_.graph)),
      identity_(make_identity("master", 0, model_)),
      frame_options_(frame_options(config, detector_)),
      trace_(open_trace(options.trace)),
      source_(open_source(config_, model_)),
      stop_signal_(context_, [this] { interrupt(); }),
      planner_(config_, model_),
      reader_(source_, planner_, static_cast<std::uint64_t>(config_.schedule.group_size), trace_.get()),
      chain_(context_, config_, model_, detector_ ? detector_->decoder.get() : nullptr, identity_,
             chain_events()),
      link_(context_, {.connector = chain::connector_to_worker(config_, 0, identity_, net::Purpose::link)},
            link_events()),
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
      waiting_(context_, config_, run_) {
  if (options.draw.empty() || detector_) return;
  throw UsageError(
      fmt::format("--draw: {} finds no objects{}; leave --draw out, or name a decoder", model_.graph.name(),
                  config.output.result == ResultKind::checksum ? " with result = \"checksum\"" : ""));
}

Master::~Master() {
  end_threads();
}

int Master::run() {
  net::name_this_thread("net");
  if (has_random_weights(config_.model)) {
    spdlog::warn("no trained weights: {} has random ones (seed {}), its results mean nothing",
                 config_.model.name, config_.model.seed);
  }
  if (config_.net.values != ValueFormat::exact && config_.workers.size() > 1) {
    spdlog::info("values between workers are {}: {}", value_format_name(config_.net.values),
                 error_bound_text(config_.net.values));
  }
  if (detector_) {
    spdlog::info("finds objects: decoder {}", detector_text(*detector_));
    warn_of_unusual_pixels(*detector_, model_, config_.model);
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
    reader_.read_ahead();
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
  Delivery delivery({.config = config_,
                     .model = model_,
                     .detector = detector_ ? &*detector_ : nullptr,
                     .instance = identity_.instance,
                     .lines = *options_.lines,
                     .truth = options_.truth,
                     .trace = trace_.get(),
                     .draw = options_.draw,
                     .gantt = options_.gantt});
  for (;;) {
    auto due = run_.next(&Run::next_to_deliver);
    auto* const deliver = std::get_if<action::Deliver>(&due);
    if (!deliver) break;
    if (!delivery.deliver(std::move(deliver->frame))) exit_status_ = 1;
  }
  if (!delivery.empty()) {
    delivery.finish(planner_.summary());
    write_costs();
  } else if (exit_status_ == 0 && stop_signal_.received() == 0) {
    throw Error(fmt::format("{}: no frame", source_name(config_.video.source)));
  }
}

}  // namespace edge
