#include "roles/video/piped_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include "net/thread_name.h"

namespace edge {
namespace {

[[noreturn]] void throw_system_error(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

std::pair<FileDescriptor, FileDescriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_system_error(errno, "pipe");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

bool is_program(const std::string& path) {
  struct stat status {};
  return ::access(path.c_str(), X_OK) == 0 && ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// Looked up here rather than by execvp, which must not be called between fork and exec in a threaded process.
std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty() && !name.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    std::string path = (folder.empty() ? std::string(".") : std::string(folder)) + "/" + name;
    if (is_program(path)) return path;
  }
  throw_system_error(ENOENT, name);
}

struct ChildPlan {
  const char* program;
  char* const* arguments;
  int output, errors, report;
  pid_t parent;
  int descriptor_limit;
};

void close_from(int first, int limit) {
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, first, ~0U, 0U) == 0) return;
#endif
  for (int descriptor = first; descriptor < limit; ++descriptor) ::close(descriptor);
}

// In the child, between fork and exec: only async-signal-safe calls, as other threads may have held any lock.
[[noreturn]] void run_child(const ChildPlan& plan) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  ::setsid();  // its own process group: ^C on the terminal is for us, and we can kill all that it starts
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);  // the parent died before that

  // Moves the three pipe ends above 10 first, so that none is overwritten before it is in its place.
  const int report = ::fcntl(plan.report, F_DUPFD, 10);
  const int output = ::fcntl(plan.output, F_DUPFD, 10);
  const int errors = ::fcntl(plan.errors, F_DUPFD, 10);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  constexpr int report_place = 3;
  if (report >= 0 && output >= 0 && errors >= 0 && null >= 0 && ::dup2(null, STDIN_FILENO) >= 0 &&
      ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0 &&
      ::dup3(report, report_place, O_CLOEXEC) >= 0) {
    // Connections of this process must not stay open in the child, and not all libraries mark theirs
    // close-on-exec.
    close_from(report_place + 1, plan.descriptor_limit);
    ::execv(plan.program, plan.arguments);
  }
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(report_place, &error, sizeof error);
  ::_exit(127);
}

// Waits for the child to start the program. Returns errno if it could not.
int read_report(const FileDescriptor& report) {
  int error = 0;
  ssize_t count = 0;
  do {
    count = ::read(report.get(), &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(sizeof error) ? error : 0;
}

}  // namespace

PipedProcess::PipedProcess(std::vector<std::string> arguments) {
  const std::string program = find_program(arguments.front());
  std::tie(output_, child_output_) = make_pipe();
  std::tie(errors_, child_errors_) = make_pipe();
  FileDescriptor report;
  std::tie(report, child_report_) = make_pipe();
  for (const int descriptor : {output(), errors()}) {
    if (::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) throw_system_error(errno, "fcntl");
  }
  ::fcntl(output(), F_SETPIPE_SZ, 1 << 20);  // fewer switches per frame; not allowed to fail loudly

  // The kernel's "parent death" signal comes when the *thread* that forked ends, hence a thread of its own.
  keeper_ = std::thread([this, arguments = std::move(arguments), program] { keep(arguments, program); });
  const int error = read_report(report);
  if (error != 0) {
    keeper_.join();
    throw_system_error(error, program);
  }
}

PipedProcess::~PipedProcess() {
  output_.close();
  errors_.close();
  kill();
  keeper_.join();
}

void PipedProcess::keep(const std::vector<std::string>& arguments, const std::string& program) {
  net::name_this_thread("child");
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const auto limit = static_cast<int>(std::clamp(::sysconf(_SC_OPEN_MAX), 256L, 65536L));
  const ChildPlan plan = {program.c_str(),
                          pointers.data(),
                          child_output_.get(),
                          child_errors_.get(),
                          child_report_.get(),
                          ::getpid(),
                          limit};
  pid_t process = -1;
  {
    const std::lock_guard lock(mutex_);
    process = ::fork();
    if (process == 0) run_child(plan);
    process_ = process;
    running_ = process > 0;
  }
  const int error = errno;
  child_output_.close();
  child_errors_.close();
  if (process < 0) {
    [[maybe_unused]] const auto written = ::write(child_report_.get(), &error, sizeof error);
    child_report_.close();
    return;
  }
  child_report_.close();

  // First without reaping: until then the number cannot belong to another process, and a kill cannot miss.
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  ::kill(-process, SIGKILL);  // what the program itself started
  int status = 0;
  ::waitpid(process, &status, 0);
  running_ = false;
  status_ = status;
  ended_.notify_all();
}

std::optional<int> PipedProcess::wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, limit, [this] { return status_.has_value(); });
  return status_;
}

void PipedProcess::kill() {
  const std::lock_guard lock(mutex_);
  if (running_) ::kill(-process_, SIGKILL);
}

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) {
    return "signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace edge
