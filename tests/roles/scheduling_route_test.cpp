#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "roles/scheduling/route.h"

namespace edge::scheduling {
namespace {

TEST(Route, LayersOfThoseThatAreAwayGoToTheOneInFront) {
  const Plan plan{.ends = {4, 7, 10}};
  EXPECT_EQ(narrowed(plan, {0, 1, 2}), plan);
  EXPECT_EQ(narrowed(plan, {0, 2}), (Plan{.ends = {7, 10}}));
  EXPECT_EQ(narrowed(plan, {1, 2}), (Plan{.ends = {7, 10}})) << "nobody is in front: the first one";
  EXPECT_EQ(narrowed(plan, {0, 1}), (Plan{.ends = {4, 10}}));
  EXPECT_EQ(narrowed(plan, {2}), (Plan{.ends = {10}}));
}

TEST(Route, ThoseThatAreNotOnItHaveNoLayers) {
  EXPECT_EQ(widened({.ends = {7, 10}}, {0, 2}, 3), (Plan{.ends = {7, 7, 10}}));
  EXPECT_EQ(widened({.ends = {7, 10}}, {1, 2}, 4), (Plan{.ends = {1, 7, 10, 10}}));
  EXPECT_EQ(widened({.ends = {10}}, {1}, 3), (Plan{.ends = {1, 10, 10}}));
}

TEST(Route, ThereAndBackIsTheSamePlan) {
  std::mt19937 random(3);
  for (int repeat = 0; repeat < 1000; ++repeat) {
    const int workers = 1 + static_cast<int>(random() % 6);
    Route route;
    for (int worker = 0; worker < workers; ++worker) {
      if (random() % 2 == 0) route.push_back(worker);
    }
    if (route.empty()) route.push_back(workers - 1);
    Plan plan;
    for (std::size_t i = 0; i < route.size(); ++i) {
      plan.ends.push_back(static_cast<LayerIndex>(1 + random() % 20));
    }
    std::sort(plan.ends.begin(), plan.ends.end());
    plan.ends.back() = 20;
    const Plan wide = widened(plan, route, workers);
    ASSERT_EQ(wide.workers(), workers);
    EXPECT_EQ(wide.ends.back(), 20);
    EXPECT_EQ(narrowed(wide, route), plan);
    for (int worker = 0; worker < workers; ++worker) {
      const bool there = std::binary_search(route.begin(), route.end(), worker);
      EXPECT_TRUE(there || wide.idle(worker));
    }
  }
}

TEST(Route, LinksAreThoseBetweenNeighbours) {
  const Route route{0, 2, 3};
  EXPECT_TRUE(has_link(route, -1, 0));
  EXPECT_TRUE(has_link(route, 0, 2));
  EXPECT_FALSE(has_link(route, 0, 1)) << "worker 1 is away";
  EXPECT_FALSE(has_link(route, 0, 3));
  EXPECT_FALSE(has_link(route, -1, 2));
  EXPECT_FALSE(has_link({}, -1, 0));
}

TEST(Route, AsText) {
  EXPECT_EQ(to_string(Route{1}), "worker 1");
  EXPECT_EQ(to_string(Route{0, 2}), "workers 0 and 2");
  EXPECT_EQ(to_string(Route{0, 1, 3}), "workers 0, 1 and 3");
}

}  // namespace
}  // namespace edge::scheduling
