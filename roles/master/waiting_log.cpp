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
  // It is there: that a link to it could not be opened before is no news of the link's next attempt.
  std::erase_if(why_no_link_, [&](const auto& link) { return link.first.second == worker; });
  say();
}

void WaitingLog::not_connected(int worker, const std::string& reason) {
  why_not_connected_[static_cast<std::size_t>(worker)] = reason;
  say();
}

void WaitingLog::link_state(int from, const chain::LinkState& state) {
  if (state.connected) {
    why_no_link_.erase({from, state.to});
  } else {
    why_no_link_[{from, state.to}] = state.reason;
  }
  say();
}

std::optional<WaitingLines::Wait> WaitingLog::wait(const Missing& missing) const {
  using What = Missing::What;
  const int worker = missing.worker;
  const auto link = [&] {
    return missing.from == the_master
               ? fmt::format("the link to {}", address_of(config_, worker))
               : fmt::format("the link from worker {} to {}", missing.from, address_of(config_, worker));
  };
  switch (missing.what) {
    case What::connection: {
      const std::string& why = why_not_connected_[static_cast<std::size_t>(worker)];
      if (why.empty()) return std::nullopt;
      return WaitingLines::Wait{
          .what = address_of(config_, worker), .why = why, .patience = patience_to_connect};
    }
    case What::profile:
      return WaitingLines::Wait{.what = fmt::format("worker {}, which measures its layers", worker),
                                .patience = patience_to_measure};
    case What::return_allowed:
      return WaitingLines::Wait{.what = fmt::format("worker {}, which came and went too often", worker),
                                .patience = patience_to_measure};
    case What::link: {
      const auto why = why_no_link_.find({missing.from, worker});
      return WaitingLines::Wait{.what = link(),
                                .why = why == why_no_link_.end() ? "" : why->second,
                                .patience = patience_to_measure};
    }
    case What::link_bandwidth:
      return WaitingLines::Wait{.what = fmt::format("the speed of {}", link()),
                                .patience = patience_to_measure};
    case What::trainer:  // TrainerWatch tells of the beginning
      return WaitingLines::Wait{.what = "the trainer", .patience = WaitingLines::reminder};
  }
  return std::nullopt;
}

std::vector<WaitingLines::Wait> WaitingLog::waits() {
  std::vector<WaitingLines::Wait> waits;
  for (const Missing& missing : run_.tell([](const Run& run) { return run.missing(); })) {
    if (auto one = wait(missing)) waits.push_back(*std::move(one));
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
