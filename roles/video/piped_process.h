// A program whose standard output and error we read, started without a shell and never left behind.
// The child is killed, with all that it started, when this object goes away, and by the kernel if this
// process dies first. It is always reaped. One owner, one thread. The constructor throws std::system_error
// (ENOENT: no such program).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "roles/video/file_descriptor.h"

namespace edge {

class PipedProcess {
 public:
  /// arguments[0] is looked up in PATH unless it has a slash. Standard input is /dev/null.
  explicit PipedProcess(std::vector<std::string> arguments);
  ~PipedProcess();
  PipedProcess(const PipedProcess&) = delete;
  PipedProcess& operator=(const PipedProcess&) = delete;

  /// Our ends of the child's standard output and error, non-blocking.
  int output() const { return output_.get(); }
  int errors() const { return errors_.get(); }

  /// How the child ended, as waitpid tells it, if it does within `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);
  void kill();

  pid_t process_id() const { return process_; }

 private:
  void keep(const std::vector<std::string>& arguments, const std::string& program);

  FileDescriptor output_, errors_;
  FileDescriptor child_output_, child_errors_, child_report_;  // closed once the child has them
  std::mutex mutex_;
  std::condition_variable ended_;
  pid_t process_ = -1;
  bool running_ = false;       // process_ is ours to signal
  std::optional<int> status_;  // set when reaped
  std::thread keeper_;
};

/// "exit code 1", "signal 9 (Killed)".
std::string describe_exit(int status);

}  // namespace edge
