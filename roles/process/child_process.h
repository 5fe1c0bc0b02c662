// A child process, started without a shell and never left behind: when this object goes away it is killed,
// with all that it started, and the kernel signals it if this process dies first. It is always reaped. One
// owner, one thread. The constructor throws std::system_error (ENOENT: no such program).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "roles/process/event_flag.h"
#include "roles/process/file_descriptor.h"

namespace edge {

class ChildProcess {
 public:
  enum class Streams : std::uint8_t {
    inherited,  ///< this process' own
    piped       ///< standard input is /dev/null, output() and errors() read the others
  };
  struct Options {
    /// arguments[0] is looked up in PATH unless it has a slash.
    std::vector<std::string> arguments;
    std::string program = {};  ///< instead of arguments[0], for a program that is called by another name
    Streams streams = Streams::piped;
    int kept_descriptor = -1;    ///< stays open in the child, under the same number
    int death_signal = SIGKILL;  ///< what the child gets when this process dies, whatever the reason
    std::chrono::milliseconds patience{0};  ///< the destructor sends SIGTERM so long before SIGKILL
  };

  explicit ChildProcess(Options options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Our ends of the child's standard output and error, non-blocking; none if they are inherited.
  int output() const { return output_.get(); }
  int errors() const { return errors_.get(); }

  /// To the child alone. Nothing happens if it has ended.
  void send(int signal);
  /// Kills the child and all that it started.
  void kill();
  /// How the child ended, as waitpid tells it, if it does within `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);
  /// Readable (POLLIN) once the child has ended: then wait() does not wait.
  int ended_descriptor() const { return ended_flag_.descriptor(); }

  pid_t process_id() const { return process_; }

 private:
  void keep();

  const Options options_;
  std::string program_;
  FileDescriptor output_, errors_;
  FileDescriptor child_output_, child_errors_, child_report_;  // closed once the child has them
  std::mutex mutex_;
  std::condition_variable ended_;
  EventFlag ended_flag_;
  pid_t process_ = -1;
  bool running_ = false;       // process_ is ours to signal
  std::optional<int> status_;  // set when reaped
  std::thread keeper_;
};

/// "exit code 1", "signal 9 (Killed)".
std::string describe_exit(int status);
/// As a shell states it: the exit code, or 128 + signal.
int shell_status(int status);

}  // namespace edge
