// A worker that a test plays for a real master: a FakeWorker with a thread of its own.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "roles/config/config.h"
#include "roles/model.h"
#include "tests/roles/fake_worker.h"

namespace edge::test {

/// Worker 0 of a config. Its script is called on its thread; it is over before this is destroyed.
class PlayedWorker {
 public:
  PlayedWorker(const std::string& config_file, FakeWorker::Script script, std::uint16_t port)
      : model_(load_model(load_config(config_file).model)),
        worker_(context_, model_, 0, std::move(script), port),
        thread_([this] { context_.run(); }) {}
  ~PlayedWorker() {
    context_.stop();
    thread_.join();
  }
  PlayedWorker(const PlayedWorker&) = delete;
  PlayedWorker& operator=(const PlayedWorker&) = delete;

  /// On the worker's thread, soon.
  void post(std::function<void(FakeWorker&)> action) {
    asio::post(context_, [this, action = std::move(action)] { action(worker_); });
  }

 private:
  asio::io_context context_;
  const asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);
  const Model model_;
  FakeWorker worker_;
  std::thread thread_;
};

}  // namespace edge::test
