#include "roles/master/waiting_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>

namespace edge {

using namespace std::chrono_literals;

namespace {

/// Time for a second attempt: one that succeeds is not worth a line, one that fails tells more than the loss
/// did.
constexpr auto patience_to_connect = 300ms;
constexpr auto patience_to_measure = 500ms;
constexpr auto every = 250ms;

std::string address_of(const Config& config, int worker) {
  const Address& address = config.workers[static_cast<std::size_t>(worker)].address;
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("worker {} at {}{}{}:{}", worker, v6 ? "[" : "", address.host, v6 ? "]" : "",
                     address.port);
}

}  // namespace

WaitingLog::WaitingLog(asio::io_context& context, const Config& config, SharedRun& run)
    : config_(config), run_(run), again_(context), why_not_connected_(config.workers.size()) {}

void WaitingLog::connected(int worker) {
  why_not_connected_[static_cast<std::size_t>(worker)].clear();
  // It is there: that the link could not be opened before is no news of the link's next attempt.
  if (worker == 0) why_no_link_.clear();
  say();
}

void WaitingLog::not_connected(int worker, const std::string& reason) {
  why_not_connected_[static_cast<std::size_t>(worker)] = reason;
  say();
}

void WaitingLog::link_connected() {
  why_no_link_.clear();
  say();
}

void WaitingLog::link_not_connected(const std::string& reason) {
  why_no_link_ = reason;
  say();
}

std::vector<WaitingLines::Wait> WaitingLog::waits() {
  using What = Missing::What;
  std::vector<WaitingLines::Wait> waits;
  bool worker_0_is_there = true;
  for (const Missing& missing : run_.tell([](const Run& run) { return run.missing(); })) {
    const int worker = missing.worker;
    switch (missing.what) {
      case What::connection: {
        if (worker == 0) worker_0_is_there = false;
        const std::string& why = why_not_connected_[static_cast<std::size_t>(worker)];
        if (!why.empty()) {
          waits.push_back({.what = address_of(config_, worker), .why = why, .patience = patience_to_connect});
        }
        break;
      }
      case What::profile:
        waits.push_back({.what = fmt::format("worker {}, which measures its layers", worker),
                         .patience = patience_to_measure});
        break;
      case What::link_bandwidth:
        if (worker > 0) {
          waits.push_back(
              {.what = fmt::format("worker {}, which measures its link to the next one", worker - 1),
               .patience = patience_to_measure});
        } else if (why_no_link_.empty()) {
          waits.push_back({.what = "the speed of the link to worker 0", .patience = patience_to_measure});
        }
        break;
      case What::trainer:  // TrainerWatch tells of the beginning
        waits.push_back({.what = "the trainer", .patience = WaitingLines::reminder});
        break;
    }
  }
  if (worker_0_is_there && !why_no_link_.empty()) {
    waits.push_back({.what = fmt::format("the link to {}", address_of(config_, 0)),
                     .why = why_no_link_,
                     .patience = patience_to_measure});
  }
  return waits;
}

void WaitingLog::say() {
  const std::vector<WaitingLines::Wait> open = waits();
  for (const std::string& line : lines_.update(open, std::chrono::steady_clock::now())) {
    spdlog::info("{}", line);
  }
  again_.cancel();
  if (open.empty()) return;
  again_.expires_after(every);
  again_.async_wait([this](asio::error_code error) {
    if (!error) say();
  });
}

}  // namespace edge
