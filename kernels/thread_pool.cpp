// The pool: one mutex guards the loop that is running; indices are claimed under it, so tasks should take at
// least some ten microseconds. Each thread begins with its own share of the indices, in order: loops over the
// same rows or channels find their part of the last layer's output in their core's cache. A worker that wakes
// late never delays the end of a loop: only claimed indices are waited for.
//
// Waking a sleeping thread costs some ten microseconds, as much as a small layer. So whoever waits looks for
// work for a short while before it sleeps: the next layer's loop mostly comes within that time. Not where
// the process has fewer CPUs than the pool has threads, as waiting would then take the CPU from the work.
#include "kernels/thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace edge::kernels {

namespace {

constexpr std::size_t longest_thread_name = 15;  // Linux' limit

/// How long a thread looks for work before it sleeps.
constexpr std::chrono::microseconds patience{50};

/// Tells the core that this is a waiting loop.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__arm__) || defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// The lock is held for less than a microsecond at a time; falling asleep for it would take ten.
void lock_soon(std::unique_lock<std::mutex>& lock) {
  constexpr int tries = 200;
  for (int i = 0; i < tries; ++i) {
    if (lock.try_lock()) return;
    relax();
  }
  lock.lock();
}

/// Returns when ready(), or after `patience` (false). Yields: the thread that is waited for may have been put
/// on the same CPU.
template <typename Ready>
bool look_for(const Ready& ready) {
  constexpr int looks_per_yield = 32;
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int look = 0; look < looks_per_yield; ++look) {
      if (ready()) return true;
      relax();
    }
    sched_yield();
  } while (std::chrono::steady_clock::now() - start < patience);
  return false;
}

void name_this_thread(const std::string& name, int number) {
  const std::string digits = std::to_string(number);
  std::string whole = name.substr(0, longest_thread_name - digits.size() - 1);
  whole += '/';
  whole += digits;
  pthread_setname_np(pthread_self(), whole.c_str());
}

}  // namespace

struct ThreadPool::State {
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };
  std::mutex mutex;
  std::condition_variable work_available;
  std::condition_variable work_done;
  // Guarded by `mutex`:
  const std::function<void(std::int64_t, int)>* task = nullptr;
  std::vector<Range> shares;  ///< by thread: of the indices, those that nobody has claimed
  std::int64_t left = 0;      ///< in all of them
  bool stopping = false;
  std::exception_ptr error;

  // Changed with `mutex` held only, but read without it by threads that look for work:
  std::atomic<int> running = 0;           ///< tasks that are being run
  std::atomic<std::uint32_t> events = 0;  ///< loops that were started, and the end of the pool

  bool patient = false;  ///< constant once threads run
  std::vector<std::thread> threads;

  /// The next of the thread's own share, or the last of the largest share. `left` must not be 0.
  std::int64_t claim(int thread) {
    --left;
    Range& own = shares[static_cast<std::size_t>(thread)];
    if (own.begin < own.end) return own.begin++;
    Range& other = *std::max_element(shares.begin(), shares.end(), [](const Range& a, const Range& b) {
      return a.end - a.begin < b.end - b.begin;
    });
    return --other.end;
  }

  /// Claims and runs indices until none is left. The lock is held on entry and on return.
  void run_tasks(std::unique_lock<std::mutex>& lock, int thread) {
    while (left > 0) {
      const std::int64_t index = claim(thread);
      const auto* current = task;
      ++running;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        (*current)(index, thread);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock_soon(lock);
      --running;
      if (thrown && !error) error = thrown;
    }
    if (running == 0) work_done.notify_one();
  }

  void worker(const std::string& name, int thread) {
    name_this_thread(name, thread);
    std::unique_lock lock(mutex);
    while (true) {
      // A loop that others have finished meanwhile is no reason to sleep: the next one comes soon.
      for (bool soon = patient; soon && !stopping && left == 0;) {
        const std::uint32_t seen = events;
        lock.unlock();
        soon = look_for([this, seen] { return events.load(std::memory_order_relaxed) != seen; });
        lock_soon(lock);
      }
      work_available.wait(lock, [this] { return stopping || left > 0; });
      if (stopping) return;
      run_tasks(lock, thread);
    }
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
      ++events;
    }
    work_available.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

ThreadPool::ThreadPool(int threads, const std::string& name) : state_(std::make_unique<State>()) {
  assert(threads >= 1);
  State* state = state_.get();
  state->patient = available_cpus() >= threads;
  state->shares.resize(static_cast<std::size_t>(threads));
  state->threads.reserve(static_cast<std::size_t>(threads - 1));
  try {
    for (int thread = 1; thread < threads; ++thread) {
      state->threads.emplace_back([state, name, thread] { state->worker(name, thread); });
    }
  } catch (...) {  // the system has no more threads: end those that did start
    state->stop();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  state_->stop();
}

int ThreadPool::threads() const {
  return static_cast<int>(state_->threads.size()) + 1;
}

void ThreadPool::parallel_for(std::int64_t count,
                              const std::function<void(std::int64_t index, int thread)>& task) {
  if (count <= 0) return;
  if (count == 1) return task(0, 0);
  State& state = *state_;
  std::unique_lock lock(state.mutex, std::defer_lock);
  lock_soon(lock);
  assert(state.left == 0 && state.running == 0 && "parallel_for is not reentrant");
  state.task = &task;
  state.error = nullptr;
  state.left = count;
  const auto threads_now = static_cast<std::int64_t>(state.shares.size());
  for (std::int64_t i = 0; i < threads_now; ++i) {
    state.shares[static_cast<std::size_t>(i)] = {count * i / threads_now, count * (i + 1) / threads_now};
  }
  ++state.events;
  if (count > 1 && !state.threads.empty()) state.work_available.notify_all();
  state.run_tasks(lock, 0);
  if (state.patient && state.running > 0) {
    lock.unlock();
    look_for([&state] { return state.running.load(std::memory_order_relaxed) == 0; });
    lock_soon(lock);
  }
  state.work_done.wait(lock, [&state] { return state.running == 0; });
  state.task = nullptr;
  const std::exception_ptr error = std::exchange(state.error, nullptr);
  lock.unlock();
  if (error) std::rethrow_exception(error);
}

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace edge::kernels
