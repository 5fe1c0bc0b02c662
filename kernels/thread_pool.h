// A small pool of named worker threads for parallel loops inside one layer. One owner: parallel_for must not
// be called from two threads at the same time, nor from inside a task.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace edge::kernels {

class ThreadPool {
 public:
  /// `threads` >= 1 counts the calling thread: ThreadPool(1) starts no thread. Threads are named `name`/1,
  /// `name`/2 ...
  explicit ThreadPool(int threads, const std::string& name = "kernel");
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Runs task(index, thread) for every index in [0, count), thread in [0, threads()), and returns when all
  /// are done. Indices are handed out dynamically, so a task's result must not depend on which thread runs
  /// it. An exception that a task throws is rethrown here after the others have finished.
  void parallel_for(std::int64_t count, const std::function<void(std::int64_t index, int thread)>& task);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Number of CPUs that this process may use (affinity), at least 1.
int available_cpus();

}  // namespace edge::kernels
