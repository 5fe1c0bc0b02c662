#include "roles/infer/process.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <limits>
#include <string>

namespace edge::infer {
namespace {

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

double seconds_since_start() {
  using Clock = std::chrono::steady_clock;
  static const double before = cpu_seconds();
  static const Clock::time_point first_call = Clock::now();
  return before + std::chrono::duration<double>(Clock::now() - first_call).count();
}

std::uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace edge::infer
