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
#include <memory>

#include "engine/error.h"
#include "kernels/thread_pool.h"
#include "roles/local/child_process.h"

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
    if (config.workers[i].threads == 0)
      arguments.insert(arguments.end(), {"--threads", std::to_string(share)});
    children.push_back(
        std::make_unique<ChildProcess>(fmt::format("worker {}", i), arguments, ports[i].descriptor()));
  }
  return children;
}

/// Waits until `master` ends. Returns the status to exit with.
int supervise(Children& workers, ChildProcess& master, const BlockedSignals& signals) {
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
  std::vector<std::string> arguments = {"master"};
  arguments.insert(arguments.end(), options.passed_on.begin(), options.passed_on.end());
  arguments.insert(arguments.end(), options.passed_to_master.begin(), options.passed_to_master.end());
  arguments.insert(arguments.end(), {"--addresses", addresses});
  ChildProcess master("master", arguments, -1);
  const int status = supervise(workers, master, signals);
  for (const auto& worker : workers) worker->send(SIGTERM);  // all at once; the destructors wait for each
  return status;
}

}  // namespace edge
