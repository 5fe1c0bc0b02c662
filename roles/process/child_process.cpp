#include "roles/process/child_process.h"

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
  int output, errors;  // its ends of the pipes; -1: inherited
  int report, kept;
  int death_signal;
  pid_t parent;
  int descriptor_limit;
};

// Connections of this process must not stay open in the child, and not all libraries mark theirs
// close-on-exec.
void close_on_exec_from(int first, int limit) {
#ifdef SYS_close_range
  constexpr unsigned close_on_exec = 1U << 2;  // CLOSE_RANGE_CLOEXEC; older C libraries do not name it
  if (::syscall(SYS_close_range, first, ~0U, close_on_exec) == 0) return;
#endif
  for (int descriptor = first; descriptor < limit; ++descriptor) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
}

bool redirect_streams(const ChildPlan& plan) {
  if (plan.output < 0) return true;
  // Out of the way first, so that none is overwritten before it is in its place.
  constexpr int out_of_the_way = 10;
  const int output = ::fcntl(plan.output, F_DUPFD, out_of_the_way);
  const int errors = ::fcntl(plan.errors, F_DUPFD, out_of_the_way);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return output >= 0 && errors >= 0 && null >= 0 && ::dup2(null, STDIN_FILENO) >= 0 &&
         ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0;
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
  ::prctl(PR_SET_PDEATHSIG, plan.death_signal);
  if (::getppid() != plan.parent) ::_exit(127);  // the parent died before that

  constexpr int above_streams = 10;
  const int report = ::fcntl(plan.report, F_DUPFD, above_streams);
  if (report >= 0 && redirect_streams(plan)) {
    close_on_exec_from(STDERR_FILENO + 1, plan.descriptor_limit);
    if (plan.kept < 0 || ::fcntl(plan.kept, F_SETFD, 0) == 0) ::execv(plan.program, plan.arguments);
  }
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(report, &error, sizeof error);
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

ChildProcess::ChildProcess(Options options) : options_(std::move(options)) {
  program_ = find_program(options_.program.empty() ? options_.arguments.front() : options_.program);
  if (options_.streams == Streams::piped) {
    std::tie(output_, child_output_) = make_pipe();
    std::tie(errors_, child_errors_) = make_pipe();
    for (const int descriptor : {output(), errors()}) {
      if (::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) throw_system_error(errno, "fcntl");
    }
    ::fcntl(output(), F_SETPIPE_SZ, 1 << 20);  // fewer switches per frame; not allowed to fail loudly
  }
  FileDescriptor report;
  std::tie(report, child_report_) = make_pipe();

  // The kernel's "parent death" signal comes when the *thread* that forked ends, hence a thread of its own.
  keeper_ = std::thread([this] { keep(); });
  const int error = read_report(report);
  if (error != 0) {
    keeper_.join();
    throw_system_error(error, program_);
  }
}

ChildProcess::~ChildProcess() {
  output_.close();
  errors_.close();
  if (options_.patience.count() > 0) {
    send(SIGTERM);
    wait(options_.patience);
  }
  kill();
  keeper_.join();
}

void ChildProcess::keep() {
  net::name_this_thread("child");
  std::vector<char*> pointers;
  pointers.reserve(options_.arguments.size() + 1);
  for (const std::string& argument : options_.arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  const ChildPlan plan = {
      .program = program_.c_str(),
      .arguments = pointers.data(),
      .output = child_output_.get(),
      .errors = child_errors_.get(),
      .report = child_report_.get(),
      .kept = options_.kept_descriptor,
      .death_signal = options_.death_signal,
      .parent = ::getpid(),
      .descriptor_limit = static_cast<int>(std::clamp(::sysconf(_SC_OPEN_MAX), 256L, 65536L))};
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
  ended_flag_.set();
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, limit, [this] { return status_.has_value(); });
  return status_;
}

void ChildProcess::send(int signal) {
  const std::lock_guard lock(mutex_);
  if (running_) ::kill(process_, signal);
}

void ChildProcess::kill() {
  const std::lock_guard lock(mutex_);
  if (running_) ::kill(-process_, SIGKILL);
}

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) {
    return "signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

int shell_status(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace edge
