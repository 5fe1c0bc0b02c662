#include "roles/master/master.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/post.hpp>
#include <chrono>
#include <numeric>
#include <set>
#include <utility>

#include "net/thread_name.h"
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

std::vector<std::vector<double>> profiles_of(const std::vector<Member>& members) {
  std::vector<std::vector<double>> profiles;
  profiles.reserve(members.size());
  for (const Member& member : members) profiles.push_back(member.layer_cost);
  return profiles;
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
      source_(open_source(config_, model_, options.first_frame)),
      stop_signal_(context_, [this] { interrupt(); }),
      planner_(config_, model_),
      reader_(source_, planner_, static_cast<std::uint64_t>(config_.schedule.group_size), trace_.get()),
      chain_(context_, config_, model_, detector_ ? detector_->decoder.get() : nullptr, identity_,
             chain_events()),
      links_(context_, config_, identity_, link_events()),
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
            .wait_for = static_cast<std::size_t>(config_.schedule.wait_for),
            .waits_for_trainer = trainer_.waits()}),
      waiting_(context_, config_, run_),
      told_(config_.workers.size() + 1),
      instances_(config_.workers.size()) {
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
  context_.run();
  end_threads();
  return stop_signal_.received() != 0 ? exit_status_of_signal(stop_signal_.received()) : exit_status_.load();
}

void Master::end_threads() {
  run_.tell([](Run& run) { run.stop(); });
  links_.close();
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
  links_.leave(verb);
  trainer_.leave(verb);
  context_.stop();
}

void Master::fail(const std::string& reason) {
  if (failed_.exchange(true)) return;
  spdlog::error("{}", reason);
  exit_status_ = 1;
  asio::post(context_, [this] { interrupt(); });
}

/// An event of the chain: what it breaks is dropped before anybody can begin anew, and devices are told which
/// links they need from now on.
template <typename Event>
void Master::tell(Event event) {
  run_.tell([&](Run& run) {
    event(run);
    // Whoever waits for room in a link shall not wait for a worker that is away.
    if (run.is_broken()) links_.reset();
  });
  update_links();
}

void Master::update_links() {
  std::uint32_t epoch = 0;
  const std::vector<std::set<int>> wanted = run_.tell([&](Run& run) {
    epoch = run.epoch();
    run.let_other_links_go();
    return run.wanted_links();
  });
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    chain::RouteOrder order{.epoch = epoch, .links = {}};
    for (const int to : wanted[i]) {
      const auto index = static_cast<std::size_t>(to);
      order.links[to] = {.address = config_.workers[index].address, .instance = instances_[index]};
    }
    if (told_[i] == order) continue;
    told_[i] = order;
    if (i == 0) {
      links_.keep(order.links);
    } else {
      chain_.tell_route(static_cast<int>(i) - 1, order);
    }
  }
}

Chain::Handlers Master::chain_events() {
  return {
      .up =
          [this](int worker, const net::Identity& identity) {
            instances_[static_cast<std::size_t>(worker)] = identity.instance;
            // Whoever has a link to it says anew whether it is there.
            std::fill(told_.begin(), told_.end(), std::nullopt);
            tell([&](Run& run) { run.worker_up(worker, identity.isa); });
            waiting_.connected(worker);
          },
      .lost = [this](int worker) { worker_lost(worker); },
      .offended =
          [this](int worker, const std::string& reason) {
            if (run_.tell([&](Run& run) { return run.worker_offended(worker); })) {
              fail(
                  fmt::format("gave up worker {}, which sends nonsense again and again: {}", worker, reason));
            }
          },
      .profiled =
          [this](int worker, std::vector<double> layer_cost) {
            tell([&](Run& run) { run.profiled(worker, std::move(layer_cost)); });
          },
      .result = [this](const chain::Result& result) { take(result); },
      .link_probed =
          [this](int worker, const net::LinkMeasurement& measured) {
            link_probed(worker, measured.to, measured.transfer);
          },
      .link_state = [this](int worker, const chain::LinkState& state) { link_changed(worker, state); },
      .waiting = [this](int worker, const std::string& reason) { waiting_.not_connected(worker, reason); },
      .failed = [this](int worker, const std::string& reason) { worker_failed(worker, reason); }};
}

void Master::worker_lost(int worker) {
  tell([&](Run& run) { run.worker_lost(worker); });
  if (run_.tell([](const Run& run) { return run.is_broken() && !run.somebody_there(); })) {
    spdlog::warn("no worker is left: frames wait until one is back");
  }
  const FlapGuard::Duration pause = flap_guard_.lost(worker, steady_clock::now());
  if (pause == FlapGuard::Duration::zero()) return;
  spdlog::warn("worker {} came and went {} times within a minute: it is kept out for {} s", worker,
               FlapGuard::most_losses, std::chrono::duration_cast<std::chrono::seconds>(pause).count());
  tell([&](Run& run) { run.keep_out(worker, true); });
  asio::steady_timer& timer = kept_out_.try_emplace(worker, context_).first->second;
  timer.expires_after(pause);
  timer.async_wait([this, worker](asio::error_code error) {
    if (error) return;
    tell([&](Run& run) { run.keep_out(worker, false); });
  });
}

/// Before the run has begun somebody has to mend it. Then others may go on.
void Master::worker_failed(int worker, const std::string& reason) {
  const bool goes_on = run_.tell([&](const Run& run) { return run.goes_on_without(worker); });
  if (!goes_on) return fail(reason);
  spdlog::error("{}; the chain goes on without worker {}", reason, worker);
}

chain::Links::Handlers Master::link_events() {
  return {.refused = [this](int to, const std::string& reason) { worker_failed(to, reason); },
          .state =
              [this](int to, bool connected, const std::string& reason) {
                link_changed(the_master, {.to = to, .connected = connected, .reason = reason});
              },
          .probed = [this](int to, const net::Transfer& transfer) { link_probed(the_master, to, transfer); },
          .failed = [this](const std::string& reason) { fail("the master cannot go on: " + reason); },
          .observer =
              [this](int to) {
                return trace::link_observer(trace_.get(), fmt::format("link to worker {}", to), true);
              }};
}

void Master::link_changed(int from, const chain::LinkState& state) {
  waiting_.link_state(from, state);
  const bool known = run_.tell([&](const Run& run) { return run.is_unreachable(from, state.to); });
  if (!state.connected && !known && from != the_master) {
    spdlog::warn("worker {} cannot reach worker {} ({}): no frames go that way", from, state.to,
                 state.reason);
  }
  tell([&](Run& run) { run.link_state(from, state.to, state.connected); });
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

void Master::link_probed(int from, int to, const net::Transfer& transfer) {
  const double bytes_per_s = static_cast<double>(transfer.bytes) / transfer.seconds;
  spdlog::debug("link from {} to {}: {:.2f} MB/s",
                from == the_master ? "the master" : fmt::format("worker {}", from), to, bytes_per_s / 1e6);
  planner_.add_transfer(from, to, transfer);
  run_.tell([&](Run& run) { run.link_measured(from, to, bytes_per_s); });
}

void Master::feed() {
  net::name_this_thread("feed");
  for (;;) {
    const auto due = run_.next(&Run::next_to_read);
    const auto* read = std::get_if<action::ReadFrame>(&due);
    if (!read) return;
    if (reader_.begins_group(read->frame) && joins_others()) continue;
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

/// Whether workers that have come since the epoch began are taken in now, before the next frame is read.
/// Those that are not worth it are looked at again after 1, 2, 4 ... groups, as scenes and devices change.
bool Master::joins_others() {
  constexpr int longest_wait = 64;
  const auto available = run_.tell([](const Run& run) { return run.available(); });
  if (!available) return false;
  if (available->route != not_worth_it_) groups_to_skip_ = skipped_groups_ = 0;
  if (skipped_groups_ < groups_to_skip_) {
    ++skipped_groups_;
    return false;
  }
  if (!planner_.is_worth(available->route, profiles_of(available->members), available->bandwidth)) {
    not_worth_it_ = available->route;
    groups_to_skip_ = std::clamp(2 * groups_to_skip_, 1, longest_wait);
    skipped_groups_ = 0;
    return false;
  }
  not_worth_it_.clear();
  run_.tell([](Run& run) { run.change_route(); });
  return true;
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
  for (const int worker : epoch.route) {
    const auto index = static_cast<std::size_t>(worker);
    const Member& member = epoch.members[index];
    if (!members_.empty() && members_[index] == member) continue;
    spdlog::info("worker {}: {}, the whole network takes it {:.1f} ms; link {:.1f} MB/s", worker, member.isa,
                 whole_network_s(member) * 1e3, *epoch.bandwidth[index] / 1e6);
  }
  if (epoch.epoch > 1 || epoch.route.size() < epoch.members.size()) {
    const std::string again =
        epoch.frames_again > 0 ? fmt::format("; sends {} frames once more", epoch.frames_again) : "";
    spdlog::log(epoch.frames_again > 0 ? spdlog::level::warn : spdlog::level::info, "the chain is {}{}{}",
                scheduling::to_string(epoch.route),
                epoch.route.size() < epoch.members.size() ? "" : ", complete again", again);
  }
  members_ = epoch.members;
  route_ = epoch.route;
  planner_.begin_epoch(epoch.route, profiles_of(epoch.members), epoch.bandwidth);
  links_.reset();  // what they still hold is of the epoch before
  asio::post(context_, [this] { update_links(); });
}

void Master::send(const action::SendFrame& send) {
  const FrameUnderWay& frame = send.frame;
  const scheduling::Plan plan = planner_.plan_of(frame.frame, frame.plan);
  if (plan != frame.plan) run_.tell([&](Run& run) { run.planned_again(frame.frame, plan); });
  planner_.sent(frame.frame, plan);
  chain::FrameOptions options = frame_options_;
  if (options.objects) options.objects->placement = frame.placement;
  links_.send(route_.front(),
              chain::outgoing_frame(frame.frame,
                                    {.run = {.instance = identity_.instance, .epoch = send.epoch},
                                     .ends = plan.ends,
                                     .route = route_,
                                     .options = std::move(options)},
                                    {{0, frame.pixels}}, [](const net::SendTimes& sent) {
                                      return chain::stage_report(-1, {}, {}, sent);
                                    }));
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
  } else if (options_.first_frame > 0 && exit_status_ == 0 && stop_signal_.received() == 0) {
    spdlog::info("all frames of the video are there already");
  } else if (exit_status_ == 0 && stop_signal_.received() == 0) {
    throw Error(fmt::format("{}: no frame", source_name(config_.video.source)));
  }
}

}  // namespace edge
