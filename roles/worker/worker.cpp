#include "roles/worker/worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <asio/post.hpp>
#include <cassert>
#include <chrono>

#include "engine/error_line.h"
#include "engine/network_outputs.h"
#include "net/steady_time.h"
#include "net/thread_name.h"
#include "roles/chain/result.h"
#include "roles/chain/worker_address.h"
#include "roles/keep_memory.h"
#include "roles/security.h"
#include "roles/trace/link_events.h"
#include "roles/worker/frame_work.h"
#include "roles/worker/profile.h"

namespace edge {

using std::chrono::steady_clock;

namespace {

const WorkerConfig& own_config(const Config& config, int index) {
  if (index < 0 || static_cast<std::size_t>(index) >= config.workers.size()) {
    throw Error(fmt::format("{}: there is no worker {}: [[workers]] lists {} (0 to {})", config.file.string(),
                            index, config.workers.size(), config.workers.size() - 1));
  }
  return config.workers[static_cast<std::size_t>(index)];
}

}  // namespace

Worker::Worker(const Config& config, const WorkerOptions& options)
    : config_(config),
      options_(options),
      model_(load_model(config.model, config.detection.decoder)),
      decoders_(model_.graph),
      threads_(resolve_threads(own_config(config, options.index).threads)),
      identity_(make_identity("worker", options.index, model_)),
      stop_signal_(context_, [this] { stop(); }),
      master_(options.index,
              {.epoch_begins = [this] { links_.reset(); },
               .routed = [this](std::map<int, chain::LinkTarget> links) { keep_links(std::move(links)); },
               .clock_offset_known =
                   [this](double offset_s) {
                     if (trace_) trace_->set_clock_offset(offset_s);
                   }}),
      executor_(model_.graph, *model_.weights, {.threads = threads_}),
      receiver_({.max_payload = chain::max_frame_payload(model_.graph)},
                {.arrays_of = [this](auto header) { return arrays_of(header); },
                 .failed = [this](const std::string& reason) { end_because(reason); },
                 .time_spent = trace::link_observer(open_trace(), "", false)}),
      links_(context_, config_, identity_, link_events()) {
  const WorkerConfig& own = own_config(config_, options_.index);
  const net::Listener::Handlers handlers = {
      .judge = [this](const net::Hello& hello) { return judge(hello); },
      .session = [this](auto connection, auto hello) { return serve(connection, hello); }};
  if (options_.listening_descriptor) {
    listener_.emplace(context_, *options_.listening_descriptor, identity_, net::LinkReceiver::window_frames,
                      chain::connection_options(config_.net), handlers);
  } else {
    const Address place = listen_place(own.listen, own.address, own.where, config_.net);
    listener_.emplace(context_, place.host, place.port, identity_, net::LinkReceiver::window_frames,
                      chain::connection_options(config_.net), handlers);
  }
}

chain::Links::Handlers Worker::link_events() {
  return {.refused = [this](int, const std::string& reason) { fail(reason); },
          .state =
              [this](int to, bool connected, const std::string& reason) {
                if (connected) master_.mended();
                master_.link_changed({.to = to, .connected = connected, .reason = reason});
              },
          .probed = [this](int to, const net::Transfer& transfer) { master_.link_probed(to, transfer); },
          .failed = [this](const std::string& reason) { end_because(reason); },
          .observer =
              [this](int to) {
                return trace::link_observer(trace_ ? &*trace_ : nullptr, fmt::format("link to worker {}", to),
                                            false);
              }};
}

/// Where this device's config says how others are reached, that is how this device reaches them.
void Worker::keep_links(std::map<int, chain::LinkTarget> links) {
  for (auto& [worker, target] : links) {
    if (static_cast<std::size_t>(worker) < config_.workers.size()) {
      target.address = config_.workers[static_cast<std::size_t>(worker)].address;
    }
  }
  links_.keep(links);
}

trace::TraceWriter* Worker::open_trace() {
  if (options_.trace.empty()) return nullptr;
  return &trace_.emplace(options_.trace, identity_.name(), trace::first_worker_process + options_.index);
}

Worker::~Worker() {
  stopping_ = true;
  receiver_.close();
  links_.close();
  if (compute_thread_.joinable()) compute_thread_.join();
}

int Worker::run() {
  net::name_this_thread("net");
  spdlog::info("listens on port {}: {}, {} threads, {}", listener_->port(), model_.text, threads_,
               identity_.isa);
  compute_thread_ = std::thread([this] { compute(); });
  listener_->start();
  for (bool over = false; !over;) {
    try {
      context_.run();
      over = true;
    } catch (const std::exception& error) {
      if (exit_status_ != 0) throw;
      end_because(line_of(error));
    }
  }
  spdlog::info("stopped");
  return exit_status_;
}

void Worker::request_stop() {
  asio::post(context_, [this] { stop(); });
}

void Worker::stop() {
  stopping_ = true;
  executor_.cancel();
  stop_source_.request_stop();
  listener_->stop();
  receiver_.close();
  links_.close();
  // Whoever talks to us shall not have to guess.
  links_.leave("stopped");
  master_.leave("stopped");
  context_.stop();
}

std::optional<net::Refusal> Worker::judge(const net::Hello& hello) {
  const net::Identity& caller = hello.identity;
  if (caller.role == "master") {
    if (const auto other = master_.other_master(caller.instance)) {
      return net::Refusal{.reason = fmt::format("{} is busy with {}", identity_.name(), *other),
                          .final = false};
    }
  }
  const bool control = hello.purpose == net::Purpose::control;
  const bool in_front = caller.role == "worker" && caller.index < options_.index;
  if (caller.role == "master" || (!control && in_front)) return std::nullopt;
  return net::Refusal{.reason = fmt::format("{} gets its {} from {}, not from {}", identity_.name(),
                                            control ? "orders" : "frames",
                                            control ? "the master" : "the master or a worker in front of it",
                                            caller.name())};
}

asio::awaitable<void> Worker::serve(std::shared_ptr<net::Connection> connection, net::Hello hello) {
  try {
    co_await serve_any(std::move(connection), std::move(hello));
  } catch (const net::ConnectionLost&) {
    throw;
  } catch (const std::exception& error) {
    end_because(line_of(error));
    throw;
  }
}

asio::awaitable<void> Worker::serve_any(std::shared_ptr<net::Connection> connection, net::Hello hello) {
  if (hello.purpose == net::Purpose::control) return master_.serve(std::move(connection), std::move(hello));
  return receiver_.serve(std::move(connection), std::move(hello));
}

void Worker::fail(const std::string& reason) {
  spdlog::error("{}", reason);
  master_.failed(reason);
}

void Worker::compute() {
  net::name_this_thread("compute");
  try {
    profile();
    // Not before: of layers that are run again and again on the same tensors, nothing would be computed.
    const std::uint64_t keep_bytes = resolve_keep_bytes(config_.engine.keep_bytes);
    executor_.keep_outputs(static_cast<std::size_t>(keep_bytes));  // of this device's own memory
    if (!config_.engine.keep_bytes) spdlog::info("{}", automatic_keep_text(keep_bytes));
    while (std::optional<net::IncomingFrame> frame = receiver_.pop()) process(std::move(*frame));
  } catch (const Cancelled&) {
    return;  // the process stops
  } catch (const std::exception& error) {
    end_because(line_of(error));
  }
}

// From any thread.
void Worker::end_because(const std::string& reason) {
  if (stopping_ || exit_status_.exchange(1) != 0) return;  // it ends already
  fail(fmt::format("{} cannot go on: {}", identity_.name(), reason));
  asio::post(context_, [this] {
    farewell_.expires_after(std::chrono::milliseconds(500));  // the master shall read why
    farewell_.async_wait([this](asio::error_code) { stop(); });
  });
}

void Worker::profile() {
  master_.profiled(load_or_measure_profile(executor_, model_, config_, identity_, options_.reprofile,
                                           stop_source_.get_token()));
}

chain::FrameHeader Worker::parse_header(std::span<const std::byte> header) const {
  return chain::parse_frame_header(header, model_.graph, {.worker = options_.index, .decoders = &decoders_});
}

std::optional<std::vector<net::ArraySpec>> Worker::arrays_of(std::span<const std::byte> bytes) const {
  const chain::FrameHeader header = parse_header(bytes);
  if (master_.is_over(header.run)) return std::nullopt;
  return chain::arrays_of_cut(model_.graph, chain::first_layer(header.ends, options_.index));
}

void Worker::process(net::IncomingFrame frame) {
  chain::FrameHeader header = parse_header(frame.header);
  if (!master_.takes(header.run)) return;
  const auto start = steady_clock::now();
  const LayerIndex first = chain::first_layer(header.ends, options_.index);
  const LayerIndex last = header.ends[static_cast<std::size_t>(options_.index)];
  net::ArrayMap outputs = run_layers(executor_, model_.graph, frame.arrays, first, last);
  if (last < model_.graph.size()) {
    if (rounded_run_ != header.run) rounder_.reset();
    rounded_run_ = header.run;
    outputs = rounder_.round(header.options.coding.values, outputs, first);
  }
  const auto end = steady_clock::now();
  const ComputedShare share = first == last ? ComputedShare{} : executor_.computed();
  const chain::ComputeTimes computed{.compute_s = net::seconds(end - start),
                                     .compute_at = net::steady_seconds(start),
                                     .computed_macs = share.computed,
                                     .all_macs = share.all,
                                     .values_error = last < model_.graph.size() ? rounder_.error() : 0};
  const ReportHop report = [worker = options_.index, received = frame.times,
                            computed](const net::SendTimes& sent) {
    return chain::stage_report(worker, received, computed, sent);
  };
  if (trace_) {
    trace_->add({.track = "compute",
                 .name = first == last ? "relay" : fmt::format("layers {}-{}", first, last - 1),
                 .begin = start,
                 .end = end,
                 .frame = frame.frame,
                 .flow = trace::Flow::passes});
    if (share.all > 0) trace_->add_counter("computed, % of its layers", end, 100 * share.share());
  }
  spdlog::debug("frame {}: layers {} to {} in {:.1f} ms, {:.0f} % computed", frame.frame, first, last - 1,
                computed.compute_s * 1e3, 100 * share.share());
  if (last == model_.graph.size()) {
    send_result(frame.frame, std::move(header), outputs, report);
  } else {
    const std::optional<int> next = chain::next_on_route(header, options_.index);
    assert(next && "all workers with layers are on the route");
    // Without that link the frame is of an epoch that is over, or comes again with the next one.
    if (!links_.send(*next,
                     chain::outgoing_frame(frame.frame, std::move(header), std::move(outputs), report))) {
      spdlog::debug("frame {}: there is no link to worker {}", frame.frame, *next);
    }
  }
}

void Worker::send_result(std::uint64_t frame, chain::FrameHeader header, const net::ArrayMap& arrays,
                         const ReportHop& report) {
  const auto start = steady_clock::now();
  const std::vector<Array> outputs = outputs_in_order(model_.graph, arrays);
  chain::Result result = make_result(frame, header, outputs, decoders_);
  std::vector<std::byte> encoded;
  if (header.options.full_result) encoded = chain::encode_outputs(outputs, header.options.coding);
  result.stages = std::move(header.stages);
  result.stages.push_back(report(
      {.encode_s = net::seconds(steady_clock::now() - start), .encode_at = net::steady_seconds(start)}));
  master_.send(chain::pack(result, encoded));
}

}  // namespace edge
