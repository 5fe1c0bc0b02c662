// A library for LD_PRELOAD: the clocks of the process are ahead by what the file $EDGE_CLOCK_JUMP says, two
// 64-bit numbers of nanoseconds: of the steady clock, of the calendar's. Both may change at any time.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

struct Jumps {
  std::atomic<std::int64_t> steady_ns;
  std::atomic<std::int64_t> calendar_ns;
};

const Jumps* open_jumps() {
  const char* const file = std::getenv("EDGE_CLOCK_JUMP");
  const int descriptor = file != nullptr ? open(file, O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor < 0) return nullptr;
  void* const memory = mmap(nullptr, sizeof(Jumps), PROT_READ, MAP_SHARED, descriptor, 0);
  close(descriptor);
  return memory == MAP_FAILED ? nullptr : static_cast<const Jumps*>(memory);
}

std::int64_t jump_of(clockid_t clock) {
  static const Jumps* const jumps = open_jumps();
  if (jumps == nullptr) return 0;
  if (clock == CLOCK_MONOTONIC) return jumps->steady_ns;
  return clock == CLOCK_REALTIME ? jumps->calendar_ns.load() : 0;
}

timespec later(timespec time, std::int64_t nanoseconds) {
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t sum = time.tv_nsec + nanoseconds % second + second;
  time.tv_sec += static_cast<time_t>(nanoseconds / second + sum / second - 1);
  time.tv_nsec = static_cast<long>(sum % second);
  return time;
}

template <typename Function>
Function* next_one(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static auto* const real = next_one<int(clockid_t, timespec*)>("clock_gettime");
  const int status = real(clock, time);
  if (status == 0) *time = later(*time, jump_of(clock));
  return status;
}

time_t time(time_t* result) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != nullptr) *result = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(timeval* result, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  constexpr long nanoseconds_per_microsecond = 1000;
  *result = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / nanoseconds_per_microsecond};
  return 0;
}

// The kernel waits until a time of its own clock.
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
  static auto* const real =
      next_one<int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>("pthread_cond_clockwait");
  const timespec shifted = later(*until, -jump_of(clock));
  return real(condition, mutex, clock, &shifted);
}

}  // extern "C"
