#include "roles/local/local.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>

#include "engine/error.h"
#include "kernels/thread_pool.h"
#include "roles/local/child_process.h"
#include "roles/scheduling/scheduler.h"
#include "roles/trace/merge.h"
#include "roles/video/frame_source.h"

namespace edge {
namespace {

/// A listening socket on a free port of the loopback interface; closed on exec unless the child keeps it.
class FreePort {
 public:
  FreePort() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (descriptor_ < 0 || bind(descriptor_, generic, length) != 0 || listen(descriptor_, SOMAXCONN) != 0 ||
        getsockname(descriptor_, generic, &length) != 0) {
      throw Error(fmt::format("cannot open a port on 127.0.0.1: {}", std::strerror(errno)));
    }
    port_ = ntohs(address.sin_port);
  }
  ~FreePort() { close(descriptor_); }
  FreePort(const FreePort&) = delete;
  FreePort& operator=(const FreePort&) = delete;
  int descriptor() const { return descriptor_; }
  int port() const { return port_; }

 private:
  int descriptor_;
  int port_ = 0;
};

/// SIGINT, SIGTERM and SIGCHLD are blocked and waited for, so that nothing runs in signal handlers.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigemptyset(&set_);
    for (const int number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&set_, number);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~BlockedSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  int wait() const {
    int number = 0;
    sigwait(&set_, &number);
    return number;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

/// "run.json" of worker0: "run.json.worker0"
std::string trace_of(const LocalOptions& options, const std::string& role) {
  return options.trace + "." + role;
}

void add_trace(const LocalOptions& options, const std::string& role, std::vector<std::string>& arguments) {
  if (!options.trace.empty()) arguments.insert(arguments.end(), {"--trace", trace_of(options, role)});
}

/// One file of those that the roles have written.
void merge_traces_of(const LocalOptions& options, std::size_t workers, bool trainer) {
  std::vector<std::string> files{trace_of(options, "master")};
  for (std::size_t i = 0; i < workers; ++i) files.push_back(trace_of(options, fmt::format("worker{}", i)));
  if (trainer) files.push_back(trace_of(options, "trainer"));
  trace::merge_traces(files, options.trace);
  for (const std::string& file : files) std::filesystem::remove(file);
  spdlog::info("trace: {}; open it at https://ui.perfetto.dev", options.trace);
}

using Children = std::vector<std::unique_ptr<ChildProcess>>;

Children start_workers(const Config& config, const LocalOptions& options, const std::vector<FreePort>& ports,
                       const std::string& addresses) {
  const int share = std::max(1, kernels::available_cpus() / static_cast<int>(config.workers.size()));
  Children children;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    std::vector<std::string> arguments = {"worker", std::to_string(i)};
    arguments.insert(arguments.end(), options.passed_on.begin(), options.passed_on.end());
    arguments.insert(arguments.end(), options.passed_to_workers.begin(), options.passed_to_workers.end());
    arguments.insert(arguments.end(), {"--addresses", addresses, "--listening-descriptor",
                                       std::to_string(ports[i].descriptor())});
    add_trace(options, fmt::format("worker{}", i), arguments);
    if (config.workers[i].threads == 0)
      arguments.insert(arguments.end(), {"--threads", std::to_string(share)});
    children.push_back(
        std::make_unique<ChildProcess>(fmt::format("worker {}", i), arguments, ports[i].descriptor()));
  }
  return children;
}

/// Learns what data-aware schedulers need. Nothing if it is not wanted, or could not see a video.
std::unique_ptr<ChildProcess> start_trainer(const Config& config, const LocalOptions& options,
                                            const FreePort& port) {
  if (!scheduling::needs_predictions(config.schedule.scheduler) || config.net.mode == Mode::full) return {};
  const std::string& source = config.trainer.source.empty() ? config.video.source : config.trainer.source;
  if (can_be_read_once(source)) {
    spdlog::info("no trainer: {} can be read once only; name a file as source in [trainer] to have one",
                 source == "-" ? "standard input" : source);
    return {};
  }
  std::vector<std::string> arguments = {"trainer"};
  arguments.insert(arguments.end(), options.passed_on.begin(), options.passed_on.end());
  arguments.insert(arguments.end(), options.passed_to_trainer.begin(), options.passed_to_trainer.end());
  add_trace(options, "trainer", arguments);
  arguments.insert(arguments.end(), {"--listening-descriptor", std::to_string(port.descriptor())});
  return std::make_unique<ChildProcess>("trainer", arguments, port.descriptor());
}

/// Waits until `master` ends. Returns the status to exit with.
int supervise(Children& workers, ChildProcess* trainer, ChildProcess& master, const BlockedSignals& signals) {
  for (;;) {
    const int number = signals.wait();
    if (number != SIGCHLD) {
      // The master says goodbye and prints what it has; the workers follow when it is gone.
      master.send(number);
      continue;
    }
    int status = 0;
    while (const pid_t pid = waitpid(-1, &status, WNOHANG)) {
      if (pid < 0) break;
      if (pid == master.pid()) {
        master.ended(status);
        return master.exit_status();
      }
      if (trainer != nullptr && trainer->pid() == pid) {
        trainer->ended(status);  // the master says so itself, and goes on
        continue;
      }
      for (const auto& worker : workers) {
        if (worker->pid() != pid) continue;
        worker->ended(status);
        spdlog::error("{} ended with status {} before the master", worker->name(), worker->exit_status());
        return worker->exit_status() == 0 ? 1 : worker->exit_status();
      }
    }
  }
}

}  // namespace

int run_local(const Config& config, const LocalOptions& options) {
  const BlockedSignals signals;
  const std::vector<FreePort> ports(config.workers.size());
  std::string addresses;
  for (const FreePort& port : ports) {
    addresses += fmt::format("{}127.0.0.1:{}", addresses.empty() ? "" : ",", port.port());
  }
  Children workers = start_workers(config, options, ports, addresses);
  const FreePort trainer_port;
  std::unique_ptr<ChildProcess> trainer = start_trainer(config, options, trainer_port);
  std::vector<std::string> arguments = {"master"};
  arguments.insert(arguments.end(), options.passed_on.begin(), options.passed_on.end());
  arguments.insert(arguments.end(), options.passed_to_master.begin(), options.passed_to_master.end());
  add_trace(options, "master", arguments);
  arguments.insert(arguments.end(),
                   {"--addresses", addresses, "--trainer",
                    trainer ? fmt::format("127.0.0.1:{}", trainer_port.port()) : std::string("none")});
  ChildProcess master("master", arguments, -1);
  const int status = supervise(workers, trainer.get(), master, signals);
  if (trainer) trainer->send(SIGTERM);
  for (const auto& worker : workers) worker->send(SIGTERM);  // all at once; the destructors wait for each
  const bool trained = trainer != nullptr;
  trainer.reset();
  workers.clear();
  if (!options.trace.empty()) merge_traces_of(options, config.workers.size(), trained);
  return status;
}

}  // namespace edge
