// The `edge` program: what a command throws becomes one line and an exit status.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <new>
#include <string>
#include <system_error>

#include "roles/commands/commands.h"
#include "roles/standard_output.h"
#include "roles/usage_error.h"

namespace {

constexpr int exit_failed = 1;
constexpr int exit_bad_usage = 2;

/// Standard streams that are closed (`<&-`) would be the numbers of the next files and sockets. What is put
/// in their places cannot be read or written, so that using them is an error.
void occupy_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number, hence this one.
    [[maybe_unused]] const int opened = ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

/// Where address space is limited (`ulimit -v`), glibc cannot reserve the heaps of further threads and then
/// asks the kernel for each of their pages: programs crawl. One heap for all threads avoids that.
void share_one_heap_if_limited() {
#ifdef M_ARENA_MAX
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) ::mallopt(M_ARENA_MAX, 1);
#endif
}

/// A line on stderr; if that is closed, too, the exit status has to do.
void tell(const std::string& text) {
  edge::write_all(STDERR_FILENO, "edge: " + text + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  share_one_heap_if_limited();
  std::signal(SIGPIPE, SIG_IGN);  // sockets and pipes tell by their errors that nobody reads any more
  try {
    return edge::commands::run_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const edge::UsageError& error) {
    tell(error.what());
    return exit_bad_usage;
  } catch (const edge::ClosedPipe&) {
    return edge::ClosedPipe::exit_status;
  } catch (const std::bad_alloc&) {
    std::fputs("edge: not enough memory (is it limited? see ulimit -v)\n", stderr);
  } catch (const std::system_error& error) {  // no threads or file descriptors left
    tell(fmt::format("the system refuses: {}", error.what()));
  } catch (const std::exception& error) {
    tell(error.what());
  }
  return exit_failed;
}
