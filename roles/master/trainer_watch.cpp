#include "roles/master/trainer_watch.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "roles/scheduling/scheduler.h"

namespace edge {
namespace {

/// A trainer that is there says so within this time.
constexpr std::chrono::milliseconds longest_silence{10000};

bool is_wanted(const Config& config) {
  return config.trainer.address && config.net.mode != Mode::full &&
         scheduling::needs_predictions(config.schedule.scheduler);
}

}  // namespace

TrainerWatch::TrainerWatch(asio::io_context& context, const Config& config, const Model& model,
                           const net::Identity& identity, Handlers handlers)
    : config_(config), handlers_(std::move(handlers)), due_(context) {
  if (!is_wanted(config)) return;
  waits_ = config.trainer.wait.count() > 0;
  client_.emplace(context, *config.trainer.address, config.net, model, identity,
                  prediction::TrainerClient::Handlers{
                      .predictors =
                          [this](std::shared_ptr<const prediction::TransferPredictor> predictor) {
                            spdlog::info("the trainer's predictors are here");
                            due_.cancel();
                            predictors_known_ = true;
                            waits_ = false;
                            handlers_.predictors(std::move(predictor));
                            handlers_.ready();
                          },
                      .progress = [this](int done, int total) { progress(done, total); },
                      .lost = [this](const std::string& reason) { missing(reason); },
                      .refused = [this](const std::string& reason) { missing(reason); }});
}

void TrainerWatch::start() {
  if (!client_) return;
  client_->start();
  expect_within(std::min(config_.trainer.wait, longest_silence));
}

void TrainerWatch::expect_within(std::chrono::milliseconds time) {
  due_.expires_after(time);
  due_.async_wait([this](asio::error_code error) {
    if (!error) missing("it is not ready yet");
  });
}

void TrainerWatch::progress(int done, int total) {
  if (!waits_) return;
  if (!std::exchange(heard_of_, true)) expect_within(config_.trainer.wait);
  // Before the first frame it may also be about to find what it needs in its cache.
  if (done == 0 || std::exchange(learns_, true)) return;
  spdlog::info("waiting for the trainer, which learns ({} of {} frames)", done, total);
}

void TrainerWatch::missing(const std::string& why) {
  due_.cancel();
  waits_ = false;
  if (!std::exchange(said_missing_, true)) {
    spdlog::warn("no trainer ({}): plans with {}", why,
                 predictors_known_ ? "what it had learnt before" : "typical change rates until it is here");
  }
  handlers_.ready();
}

}  // namespace edge
