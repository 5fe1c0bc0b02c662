// A child process of `edge local`.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace edge {

/// Runs this program again with other arguments. The child gets SIGTERM when this process dies, whatever the
/// reason, and so does it in the destructor, which waits for it (SIGKILL after two seconds). One owner.
class ChildProcess {
 public:
  /// `kept_descriptor` (or -1) stays open in the child under the same number. Throws Error.
  ChildProcess(std::string name, const std::vector<std::string>& arguments, int kept_descriptor);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& name() const { return name_; }
  void send(int signal) const;
  /// The child was reaped by the owner with this wait status.
  void ended(int wait_status);
  bool running() const { return running_; }
  /// As a shell states it: the exit code, or 128 + signal.
  int exit_status() const { return exit_status_; }

 private:
  std::string name_;
  pid_t pid_ = -1;
  bool running_ = false;
  int exit_status_ = 0;
};

}  // namespace edge
