#include "roles/trainer/trainer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "net/clock_questions.h"
#include "net/thread_name.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/worker_address.h"
#include "roles/prediction/predictor_bytes.h"
#include "roles/prediction/trained_predictor.h"
#include "roles/prediction/trainer_client.h"
#include "roles/profile_cache.h"
#include "roles/report/progress.h"
#include "roles/security.h"
#include "roles/standard_output.h"
#include "roles/trainer/fit.h"
#include "roles/trainer/judgement.h"
#include "roles/trainer/predictor_cache.h"
#include "roles/trainer/report_html.h"
#include "roles/trainer/statistics_json.h"
#include "roles/trainer/training_video.h"
#include "roles/video/source_name.h"

namespace edge {

using prediction::Predictors;
using std::chrono::steady_clock;
using trainer::PredictorCache;
using trainer::Statistics;

namespace {

constexpr std::chrono::milliseconds farewell{2500};

Address own_place(const Config& config) {
  const TrainerConfig& own = config.trainer;
  if (!own.address && !own.listen) {
    throw Error(
        fmt::format("{}: [trainer] has no address; write where the master reaches it", config.file.string()));
  }
  return listen_place(own.listen, own.address ? *own.address : *own.listen, own.where, config.net);
}

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

/// The shortest of a hundred.
double seconds_of_a_prediction(const prediction::TransferPredictor& predictor, std::size_t channels) {
  const std::vector<double> rates(channels, 0.3);
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 100; ++i) {
    const auto start = steady_clock::now();
    static_cast<void>(predictor.predict(rates));
    least = std::min(least, seconds_since(start));
  }
  return least;
}

}  // namespace

Trainer::Trainer(const Config& config, const TrainerOptions& options)
    : config_(config),
      options_(options),
      model_(load_model(config.model, config.detection.decoder)),
      threads_(resolve_threads(config.threads)),
      source_(config.trainer.source.empty() ? config.video.source : config.trainer.source),
      source_name_(source_name(source_)),
      identity_(make_identity("trainer", 0, model_)),
      work_(asio::make_work_guard(context_)),
      stop_signal_(context_, [this] { stop(); }),
      executor_(model_.graph, *model_.weights, {.threads = threads_}) {
  if (!options_.trace.empty()) trace_.emplace(options_.trace, "trainer", trace::trainer_process);
  if (options_.report != nullptr) return;
  const net::Listener::Handlers handlers = {
      .judge = [](const net::Hello& hello) -> std::optional<net::Refusal> {
        if (hello.identity.role == "master" && hello.purpose == net::Purpose::control) return std::nullopt;
        return net::Refusal{.reason =
                                fmt::format("the trainer serves masters, not {}", hello.identity.name())};
      },
      .session = [this](auto connection, const net::Hello&) { return serve(std::move(connection)); }};
  const net::ConnectionOptions connection = chain::connection_options(config_.net);
  if (options_.listening_descriptor) {
    listener_.emplace(context_, *options_.listening_descriptor, identity_, 1, connection, handlers);
  } else {
    const Address own = own_place(config_);
    listener_.emplace(context_, own.host, own.port, identity_, 1, connection, handlers);
  }
}

Trainer::~Trainer() {
  stopping_ = true;
  executor_.cancel();
  stop_source_.request_stop();
  if (train_thread_.joinable()) train_thread_.join();
}

int Trainer::run() {
  net::name_this_thread("net");
  if (listener_) {
    spdlog::info("listens on port {}: {}, {} threads, {}", listener_->port(), model_.text, threads_,
                 identity_.isa);
    listener_->start();
    asio::co_spawn(
        context_, [this] { return tell_progress(); }, asio::detached);
  }
  train_thread_ = std::thread([this] { train(); });
  context_.run();
  train_thread_.join();
  if (stop_signal_.received() != 0 && options_.report != nullptr) {
    return exit_status_of_signal(stop_signal_.received());
  }
  spdlog::info("stopped");
  return exit_status_;
}

void Trainer::stop() {
  stopping_ = true;
  executor_.cancel();
  stop_source_.request_stop();
  if (listener_) listener_->stop();
  for (const auto& master : masters_) master->leave("stopped");
  context_.stop();
}

asio::awaitable<void> Trainer::serve(std::shared_ptr<net::Connection> connection) {
  spdlog::info("{} is here", connection->peer());
  masters_.push_back(connection);
  connection->send(answer_ ? *answer_ : prediction::training_message(done_, config_.trainer.frames));
  try {
    co_await net::answer_clock_questions(connection, [this](double offset_s) {
      if (trace_) trace_->set_clock_offset(offset_s);
    });
  } catch (const net::PeerLeft& left) {
    masters_.remove(connection);
    spdlog::info("master {}", left.verb());
  } catch (const net::ConnectionLost& error) {
    masters_.remove(connection);
    if (!stopping_) spdlog::info("{} is gone: {}", connection->peer(), error.what());
  }
}

asio::awaitable<void> Trainer::tell_progress() {
  while (!answer_) {
    progress_due_.expires_after(std::chrono::seconds(1));
    asio::error_code error;
    co_await progress_due_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!error && !answer_) tell_all(prediction::training_message(done_, config_.trainer.frames));
  }
}

void Trainer::tell_all(const net::Message& message) {
  for (const auto& master : masters_) master->send(message);
}

void Trainer::publish(net::Message message) {
  asio::post(context_, [this, message = std::move(message)] {
    answer_ = message;
    tell_all(message);
  });
}

void Trainer::train() {
  net::name_this_thread("train");
  try {
    if (options_.report != nullptr) {
      report();
      asio::post(context_, [this] { context_.stop(); });
      return;
    }
    const Predictors predictors = load_or_learn();
    publish({.type = net::MessageType::predictors, .payload = prediction::pack_predictors(predictors)});
  } catch (const Cancelled&) {
    return;  // the process stops
  } catch (const ClosedPipe&) {
    exit_status_ = ClosedPipe::exit_status;
    asio::post(context_, [this] { context_.stop(); });
  } catch (const std::exception& error) {
    if (stopping_) return;
    const std::string reason = fmt::format("the trainer cannot go on: {}", error.what());
    spdlog::error("{}", reason);
    exit_status_ = 1;
    publish(chain::failure_message(reason));
    asio::post(context_, [this] {
      // Masters shall read why, also one that has yet to find us: that takes it two seconds at most.
      farewell_.expires_after(options_.report == nullptr ? farewell : std::chrono::milliseconds(0));
      farewell_.async_wait([this](asio::error_code) { stop(); });
    });
  }
}

std::unique_ptr<FrameSource> Trainer::open_video() {
  const TrainerConfig& trainer = config_.trainer;
  return at_key(trainer.source.empty() ? config_.video.where : trainer.where, "source", [&] {
    return open_frame_source({.source = source_,
                              .rows = config_.model.rows,
                              .columns = config_.model.columns,
                              .framing = model_.framing,
                              .rtsp_transport = config_.video.rtsp_transport,
                              .stop = stop_source_.get_token()});
  });
}

Predictors Trainer::load_or_learn() {
  if (std::optional<Predictors> known = load()) return *std::move(known);
  Predictors predictors = learn(collect(0));
  const PredictorCache cache(config_.cache_directory);
  if (const std::string warning = cache.store(predictors); !warning.empty()) {
    spdlog::warn("{}; the trainer will learn at every start", warning);
  }
  return predictors;
}

std::optional<Predictors> Trainer::load() {
  if (options_.retrain) return std::nullopt;
  const std::unique_ptr<FrameSource> source = open_video();
  if (source->live()) return std::nullopt;  // it shows something else each time, and only once
  trainer::TrainingVideo video(*source, config_.video.hold);
  while (video.frames() < static_cast<std::uint64_t>(config_.trainer.frames) && !stopping_ && video.next()) {
  }
  if (stopping_) throw Cancelled();
  const PredictorCache cache(config_.cache_directory);
  PredictorCache::Loaded loaded = cache.load({.model_hash = model_.hash,
                                              .software_version = identity_.software_version,
                                              .frames_hash = video.hash(),
                                              .frames = static_cast<std::uint32_t>(video.frames()),
                                              .compress = config_.net.compress},
                                             model_.graph);
  if (!loaded.warning.empty()) spdlog::warn("{}", loaded.warning);
  if (loaded.predictors) spdlog::info("knows this network and video: predictors from the cache");
  return std::move(loaded.predictors);
}

void Trainer::trace_event(const char* name, steady_clock::time_point begin) {
  if (!trace_) return;
  trace_->add({.track = "train", .name = name, .begin = begin, .end = steady_clock::now()});
}

Statistics Trainer::collect(int held_out) {
  const ProfileCache profiles(config_.cache_directory);
  const ProfileLock lock = profiles.lock(
      stop_source_.get_token(), [] { spdlog::info("waits for another process that measures layers"); });
  if (stopping_) throw Cancelled();
  spdlog::info("learns from the first {} frames of {}", config_.trainer.frames, source_name_);
  const std::unique_ptr<FrameSource> source = open_video();
  trainer::TrainingVideo video(*source, config_.video.hold);
  const int total = (config_.trainer.frames + held_out - 1) * model_.graph.size();
  ProgressBar bar("trainer, layers of frames", static_cast<std::uint64_t>(total));
  const trainer::StatisticsOptions options{
      .frames = config_.trainer.frames,
      .held_out = held_out,
      .compress = config_.net.compress,
      .threads = threads_,
      .memory_bytes = trainer::default_statistics_memory(),
      .progress =
          [&](int done, int of) {
            done_ = static_cast<int>(std::int64_t{config_.trainer.frames} * done / of);
            bar.update(static_cast<std::uint64_t>(done));
          },
      .stop = stop_source_.get_token()};
  try {
    const auto start = steady_clock::now();
    Statistics statistics = trainer::collect_statistics(model_.graph, executor_, video, options);
    trace_event("collect statistics", start);
    if (stopping_) throw Cancelled();
    if (statistics.frames < static_cast<std::uint32_t>(config_.trainer.frames)) {
      bar.clear();
      spdlog::warn("{}: has {} frames, not {}; learns from these", source_name_, statistics.frames,
                   config_.trainer.frames);
    }
    return statistics;
  } catch (const Error& error) {
    if (stopping_) throw Cancelled();
    const std::string what = error.what();  // the video's own errors name it
    throw Error(what.starts_with(source_name_) ? what : fmt::format("{}: {}", source_name_, what));
  }
}

Predictors Trainer::learn(const Statistics& statistics) {
  const auto start = steady_clock::now();
  Predictors predictors{.model_hash = model_.hash,
                        .software_version = identity_.software_version,
                        .frames_hash = statistics.frames_hash,
                        .frames = statistics.frames,
                        .compress = config_.net.compress,
                        .layers = {}};
  predictors.layers = trainer::fit_layers(model_.graph, statistics, threads_, stop_source_.get_token());
  trace_event("fit", start);
  spdlog::info("fitted {} layers to {} frames in {:.1f} s", predictors.layers.size(), statistics.frames,
               seconds_since(start));
  return predictors;
}

void Trainer::report() {
  const Statistics statistics = collect(config_.trainer.frames);
  if (statistics.training < config_.trainer.frames - 1 || statistics.transitions - statistics.training < 2) {
    spdlog::warn("the video is short: judges by {} frames, learnt from {}",
                 statistics.transitions - statistics.training, statistics.training + 1);
  }
  const prediction::TrainedPredictor predictor(model_.graph, learn(statistics));
  const double prediction_s = seconds_of_a_prediction(predictor, statistics.layers[0].channels);
  const std::vector<trainer::LayerJudgement> layers = trainer::judge(model_.graph, statistics, predictor);
  const std::string html = trainer::report_html(
      {.model = model_.text, .source = source_name_, .training = statistics.training}, layers);
  options_.report->write(html);
  if (options_.statistics != nullptr) {
    options_.statistics->write(trainer::statistics_json(model_.graph, statistics, layers, prediction_s));
  }
  write_standard_output(fmt::format("{}one prediction takes {:.1f} us\n", trainer::judgement_table(layers),
                                    prediction_s * 1e6));
}

}  // namespace edge
