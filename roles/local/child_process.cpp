#include "roles/local/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "engine/error.h"

namespace edge {

ChildProcess::ChildProcess(std::string name, const std::vector<std::string>& arguments, int kept_descriptor)
    : name_(std::move(name)) {
  std::vector<std::string> words = {"edge"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw Error(fmt::format("cannot start {}: {}", name_, std::strerror(errno)));
  if (pid_ == 0) {
    // Only async-signal-safe calls from here on.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);  // `edge local` blocks signals; its children want them
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);  // it died before prctl
    setpgid(0, 0);  // ^C on the terminal reaches the parent alone, which stops the children in order
    if (kept_descriptor >= 0) fcntl(kept_descriptor, F_SETFD, 0);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }
  running_ = true;
}

ChildProcess::~ChildProcess() {
  if (!running_) return;
  send(SIGTERM);
  int status = 0;
  for (int tenths = 0; tenths < 20; ++tenths) {
    if (waitpid(pid_, &status, WNOHANG) == pid_) return;
    usleep(100'000);
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, &status, 0);
}

void ChildProcess::send(int signal) const {
  if (running_) kill(pid_, signal);
}

void ChildProcess::ended(int wait_status) {
  running_ = false;
  exit_status_ = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace edge
