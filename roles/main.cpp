// The `edge` command: finds the command and runs it; what it throws becomes one line and an exit status.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cxxopts.hpp>
#include <new>
#include <string>
#include <system_error>

#include "roles/commands/commands.h"

namespace edge {
namespace {

constexpr const char* usage = R"(edge: CNN video analytics on a chain of devices

  edge local            the whole chain of config.toml on this machine, as processes, over TCP
  edge master           reads the video, plans, emits one JSON line per frame
  edge worker I         runs its part of the network; I counts from 0 in config.toml
  edge trainer          learns from the video how changes spread through the network, for the master's plans
  edge trace merge F..  the traces of several devices as one (--trace writes them)
  edge plan             what if? costs of devices and links in, plan out (JSON)
  edge infer            a frame through a network, or some of its layers, in this process; .npy in and out
  edge inspect          layers, shapes and costs of a network, bytes at each cut; a drawing for the browser
  edge convert IN OUT   weights to safetensors, from PyTorch's .pth or another safetensors
  edge version          version, instruction set, CPU

Options come after the command; `edge COMMAND --help` lists them. The config explains its keys; docs/ has the rest.
)";

constexpr int exit_bad_usage = 2;

int run(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "master") return commands::run_master(argc - 1, argv + 1);
  if (command == "worker") return commands::run_worker(argc - 1, argv + 1);
  if (command == "trainer") return commands::run_trainer(argc - 1, argv + 1);
  if (command == "local") return commands::run_local(argc - 1, argv + 1);
  if (command == "trace") return commands::run_trace(argc - 1, argv + 1);
  if (command == "plan") return commands::run_plan(argc - 1, argv + 1);
  if (command == "infer") return commands::run_infer(argc - 1, argv + 1);
  if (command == "inspect") return commands::run_inspect(argc - 1, argv + 1);
  if (command == "convert") return commands::run_convert(argc - 1, argv + 1);
  if (command == "version" || command == "--version") return commands::run_version();
  if (command == "help" || command == "--help" || command == "-h") {
    fmt::print("{}", usage);
    return 0;
  }
  fmt::print(stderr, "{}{}", command.empty() ? "" : fmt::format("edge: unknown command '{}'\n\n", command),
             usage);
  return exit_bad_usage;
}

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

}  // namespace
}  // namespace edge

int main(int argc, char** argv) {
  edge::occupy_standard_streams();
  edge::share_one_heap_if_limited();
  try {
    return edge::run(argc, argv);
  } catch (const cxxopts::exceptions::exception& error) {
    fmt::print(stderr, "edge: {}\n", error.what());
    return edge::exit_bad_usage;
  } catch (const std::bad_alloc&) {
    std::fputs("edge: not enough memory (is it limited? see ulimit -v)\n", stderr);
    return 1;
  } catch (const std::system_error& error) {  // no threads or file descriptors left
    fmt::print(stderr, "edge: the system refuses: {}\n", error.what());
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "edge: {}\n", error.what());
    return 1;
  }
}
