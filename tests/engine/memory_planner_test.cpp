#include "engine/memory_planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace edge {
namespace {

using Requests = std::vector<BufferRequest>;

void expect_valid(const Requests& requests, const MemoryPlan& plan, std::size_t alignment) {
  ASSERT_EQ(plan.offsets.size(), requests.size());
  for (std::size_t a = 0; a < requests.size(); ++a) {
    EXPECT_EQ(plan.offsets[a] % alignment, 0U);
    EXPECT_LE(plan.offsets[a] + requests[a].bytes, plan.bytes);
    for (std::size_t b = 0; b < a; ++b) {
      const bool same_time = requests[a].first <= requests[b].last && requests[b].first <= requests[a].last;
      const bool same_place = plan.offsets[a] < plan.offsets[b] + requests[b].bytes &&
                              plan.offsets[b] < plan.offsets[a] + requests[a].bytes;
      EXPECT_FALSE(same_time && same_place) << a << " and " << b;
    }
  }
}

std::size_t live_peak(const Requests& requests) {
  std::size_t peak = 0;
  for (const BufferRequest& at : requests) {
    std::size_t live = 0;
    for (const BufferRequest& request : requests) {
      if (request.first <= at.first && at.first <= request.last) live += request.bytes;
    }
    peak = std::max(peak, live);
  }
  return peak;
}

TEST(MemoryPlanner, nothing_needs_nothing) {
  EXPECT_EQ(plan_memory({}).bytes, 0U);
}

TEST(MemoryPlanner, a_chain_needs_two_neighbours) {
  const Requests requests{{640, 0, 1}, {320, 1, 2}, {640, 2, 3}, {64, 3, 4}};
  const MemoryPlan plan = plan_memory(requests);
  expect_valid(requests, plan, 64);
  EXPECT_EQ(plan.bytes, 960U);
}

TEST(MemoryPlanner, fills_the_smallest_gap_that_fits) {
  // At step 2 there is a gap of 256 below request 0's neighbour and one of 128; the last request takes the
  // latter.
  const Requests requests{{1024, 0, 9}, {512, 0, 9}, {256, 0, 1}, {192, 0, 9},
                          {128, 0, 1},  {96, 0, 9},  {90, 2, 2}};
  const MemoryPlan plan = plan_memory(requests);
  expect_valid(requests, plan, 64);
  EXPECT_EQ(plan.offsets[6], plan.offsets[4]);
}

TEST(MemoryPlanner, aligns) {
  const Requests requests{{1, 0, 0}, {65, 0, 0}, {3, 0, 0}};
  expect_valid(requests, plan_memory(requests, 64), 64);
  EXPECT_EQ(plan_memory(requests, 64).bytes, 256U);
  expect_valid(requests, plan_memory(requests, 128), 128);
}

TEST(MemoryPlanner, random_requests_never_overlap_and_stay_near_the_peak) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Requests requests(1 + random() % 30);
    for (BufferRequest& request : requests) {
      request.bytes = 64 * (random() % 100);
      request.first = static_cast<int>(random() % 20);
      request.last = request.first + static_cast<int>(random() % 5);
    }
    const MemoryPlan plan = plan_memory(requests);
    expect_valid(requests, plan, 64);
    EXPECT_GE(plan.bytes, live_peak(requests));
    EXPECT_LE(plan.bytes, 2 * live_peak(requests));
  }
}

}  // namespace
}  // namespace edge
