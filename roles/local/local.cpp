#include "roles/local/local.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "kernels/thread_pool.h"
#include "roles/process/child_process.h"
#include "roles/scheduling/scheduler.h"
#include "roles/trace/merge.h"
#include "roles/video/frame_source.h"
#include "roles/video/source_name.h"

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

/// SIGINT and SIGTERM are blocked and read from a descriptor, so that nothing runs in signal handlers.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigemptyset(&set_);
    for (const int number : {SIGINT, SIGTERM}) sigaddset(&set_, number);
    sigprocmask(SIG_BLOCK, &set_, &before_);
    descriptor_ = FileDescriptor(signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor_.is_open()) throw Error(fmt::format("cannot wait for signals: {}", std::strerror(errno)));
  }
  ~BlockedSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  /// Readable (POLLIN) when a signal has come.
  int descriptor() const { return descriptor_.get(); }
  /// The signal's number; 0: none.
  int read() const {
    signalfd_siginfo info{};
    return ::read(descriptor_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo)
                                                                        : 0;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
  FileDescriptor descriptor_;
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

/// Starts this program again, as another role. `kept_descriptor` (or -1) stays open in it.
std::unique_ptr<ChildProcess> start_role(std::vector<std::string> arguments, int kept_descriptor) {
  const std::string role = arguments.front();
  arguments.insert(arguments.begin(), "edge");
  try {
    return std::make_unique<ChildProcess>(ChildProcess::Options{.arguments = std::move(arguments),
                                                                .program = "/proc/self/exe",
                                                                .streams = ChildProcess::Streams::inherited,
                                                                .kept_descriptor = kept_descriptor,
                                                                .death_signal = SIGTERM,
                                                                .patience = std::chrono::seconds(2)});
  } catch (const std::system_error& error) {
    throw Error(fmt::format("cannot start the {}: {}", role, error.code().message()));
  }
}

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
    children.push_back(start_role(std::move(arguments), ports[i].descriptor()));
  }
  return children;
}

/// What the trainer learns from: the run's video, unless the config names another and --video is none that
/// two processes can read.
std::string training_source(const Config& config, const LocalOptions& options) {
  const std::string& named = config.trainer.source;
  if (!options.video.empty() && (named.empty() || !can_be_read_once(options.video))) return options.video;
  return named.empty() ? config.video.source : named;
}

/// Learns what data-aware schedulers need. Nothing if it is not wanted, or could not see a video.
std::unique_ptr<ChildProcess> start_trainer(const Config& config, const LocalOptions& options,
                                            const FreePort& port) {
  if (!scheduling::needs_predictions(config.schedule.scheduler) || config.net.mode == Mode::full) return {};
  const std::string source = training_source(config, options);
  if (can_be_read_once(source)) {
    spdlog::info("no trainer: {} can be read once only; name a file as source in [trainer] to have one",
                 source == "-" ? "standard input" : source_name(source));
    return {};
  }
  std::vector<std::string> arguments = {"trainer"};
  arguments.insert(arguments.end(), options.passed_on.begin(), options.passed_on.end());
  arguments.insert(arguments.end(), options.passed_to_trainer.begin(), options.passed_to_trainer.end());
  if (source == options.video) arguments.insert(arguments.end(), {"--video", source});
  add_trace(options, "trainer", arguments);
  arguments.insert(arguments.end(), {"--listening-descriptor", std::to_string(port.descriptor())});
  return start_role(std::move(arguments), port.descriptor());
}

/// Waits until `master` ends. Returns the status to exit with. That the trainer ended is the master's to say.
int supervise(Children& workers, ChildProcess& master, const BlockedSignals& signals) {
  std::vector<pollfd> polled = {{signals.descriptor(), POLLIN, 0}, {master.ended_descriptor(), POLLIN, 0}};
  for (const auto& worker : workers) polled.push_back({worker->ended_descriptor(), POLLIN, 0});
  constexpr std::chrono::milliseconds at_once{0};
  for (;;) {
    if (poll(polled.data(), polled.size(), -1) < 0) continue;  // EINTR
    // The master says goodbye and prints what it has; the workers follow when it is gone.
    if (polled[0].revents != 0) {
      if (const int number = signals.read(); number != 0) master.send(number);
    }
    if (const std::optional<int> status = master.wait(at_once)) return shell_status(*status);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      const std::optional<int> status = workers[i]->wait(at_once);
      if (!status) continue;
      spdlog::error("worker {} ended with status {} before the master", i, shell_status(*status));
      return *status == 0 ? 1 : shell_status(*status);
    }
  }
}

}  // namespace

int run_local(const Config& config, const LocalOptions& options) {
  if (!std::filesystem::is_regular_file(config.file)) {
    throw Error(
        fmt::format("{}: every role of edge local reads the config: name a file, not a pipe or device",
                    config.file.string()));
  }
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
  const std::unique_ptr<ChildProcess> master = start_role(std::move(arguments), -1);
  const int status = supervise(workers, *master, signals);
  if (trainer) trainer->send(SIGTERM);
  for (const auto& worker : workers) worker->send(SIGTERM);  // all at once; the destructors wait for each
  const bool trained = trainer != nullptr;
  trainer.reset();
  workers.clear();
  if (!options.trace.empty()) merge_traces_of(options, config.workers.size(), trained);
  return status;
}

}  // namespace edge
