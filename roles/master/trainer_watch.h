// The trainer, from the master's point of view: waits for it at the start, but not for ever, and says so once
// when it is missing. On the io_context's thread.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "roles/config/config.h"
#include "roles/model.h"
#include "roles/prediction/trainer_client.h"

namespace edge {

class TrainerWatch {
 public:
  struct Handlers {
    /// At the start, and again whenever the trainer was away.
    std::function<void(std::shared_ptr<const prediction::TransferPredictor>)> predictors;
    /// Nothing is waited for any more.
    std::function<void()> ready;
  };

  /// `config` and `model` must outlive this; `identity` is the master's.
  TrainerWatch(asio::io_context& context, const Config& config, const Model& model,
               const net::Identity& identity, Handlers handlers);

  /// Connects, if there is a trainer and the scheduler needs what it learns.
  void start();
  /// Says farewell: the process is about to end.
  void leave(const std::string& verb) {
    if (client_) client_->leave(verb);
  }
  /// Whether the master should not begin yet.
  bool waits() const { return waits_; }

 private:
  void expect_within(std::chrono::milliseconds time);
  void progress(int done, int total);
  void missing(const std::string& why);

  const Config& config_;
  Handlers handlers_;
  std::optional<prediction::TrainerClient> client_;
  asio::steady_timer due_;
  bool waits_ = false;
  bool heard_of_ = false;  ///< it is there, and not ready
  bool learns_ = false;    ///< it said so
  bool said_missing_ = false;
  bool predictors_known_ = false;
};

}  // namespace edge
