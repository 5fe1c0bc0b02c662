#include "kernels/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace edge::kernels {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 5));

TEST_P(ThreadPoolTest, RunsEveryIndexOnceOnAKnownThread) {
  ThreadPool pool(GetParam());
  ASSERT_EQ(pool.threads(), GetParam());
  for (const std::int64_t count : {0, 1, 2, 3, 7, 100}) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
    std::atomic<int> bad_threads = 0;
    pool.parallel_for(count, [&](std::int64_t index, int thread) {
      ++runs[static_cast<std::size_t>(index)];
      if (thread < 0 || thread >= pool.threads()) ++bad_threads;
    });
    for (const auto& run : runs) EXPECT_EQ(run, 1);
    EXPECT_EQ(bad_threads, 0);
  }
}

TEST_P(ThreadPoolTest, NoThreadRunsTwoTasksAtOnce) {
  ThreadPool pool(GetParam());
  std::vector<std::atomic<int>> inside(static_cast<std::size_t>(pool.threads()));
  std::atomic<bool> overlap = false;
  pool.parallel_for(200, [&](std::int64_t, int thread) {
    auto& mine = inside[static_cast<std::size_t>(thread)];
    if (++mine != 1) overlap = true;
    --mine;
  });
  EXPECT_FALSE(overlap);
}

TEST_P(ThreadPoolTest, ManyShortLoopsInARow) {
  ThreadPool pool(GetParam());
  std::atomic<int> sum = 0;
  for (int loop = 0; loop < 300; ++loop) {
    pool.parallel_for(3, [&](std::int64_t index, int) { sum += static_cast<int>(index); });
  }
  EXPECT_EQ(sum, 300 * 3);
}

TEST_P(ThreadPoolTest, AnExceptionArrivesAfterTheOtherTasks) {
  ThreadPool pool(GetParam());
  std::atomic<int> finished = 0;
  const auto loop = [&] {
    pool.parallel_for(20, [&](std::int64_t index, int) {
      if (index == 3) throw std::runtime_error("task 3");
      ++finished;
    });
  };
  EXPECT_THROW(loop(), std::runtime_error);
  EXPECT_EQ(finished, 19);
  finished = 0;
  pool.parallel_for(4, [&](std::int64_t, int) { ++finished; });  // the pool is still usable
  EXPECT_EQ(finished, 4);
}

TEST(ThreadPool, OneThreadIsTheCaller) {
  ThreadPool pool(1);
  pool.parallel_for(3, [caller = std::this_thread::get_id()](std::int64_t, int thread) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(thread, 0);
  });
}

TEST(ThreadPool, ThreadsCarryTheNameOfThePool) {
  ThreadPool pool(3, "a-rather-long-name");
  std::mutex mutex;
  std::set<std::string> names;
  // Each task waits until all three threads are inside one.
  std::atomic<int> inside = 0;
  pool.parallel_for(3, [&](std::int64_t, int thread) {
    ++inside;
    while (inside < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (thread == 0) return;
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    const std::scoped_lock lock(mutex);
    names.insert(name);
  });
  EXPECT_EQ(names, (std::set<std::string>{"a-rather-long/1", "a-rather-long/2"}));
}

/// Threads look for work for a short while before they sleep: loops find them awake, about to sleep, asleep.
/// Pools of more threads than CPUs sleep at once.
TEST(ThreadPool, LoopsAfterPausesOfAnyLength) {
  for (const int threads : {2, available_cpus() + 1}) {
    ThreadPool pool(threads);
    for (const int microseconds : {0, 10, 40, 50, 60, 100, 2000}) {
      for (int repeat = 0; repeat < 20; ++repeat) {
        std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
        std::atomic<int> sum = 0;
        pool.parallel_for(5, [&](std::int64_t index, int) { sum += 1 << index; });
        EXPECT_EQ(sum, 31);
      }
    }
  }
}

TEST(ThreadPool, AtLeastOneCpu) {
  EXPECT_GE(available_cpus(), 1);
}

}  // namespace
}  // namespace edge::kernels
