#include "kernels/dirty_map.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/axis_reach.h"

namespace edge::kernels {
namespace {

using Random = std::mt19937;

std::int64_t pick(Random& random, int least, int most) {
  return least + static_cast<std::int64_t>(random() % static_cast<unsigned>(most - least + 1));
}

DirtyMap random_map(Random& random, std::int64_t rows, std::int64_t columns) {
  DirtyMap map(rows, columns);
  for (std::int64_t i = pick(random, 0, 6); i > 0; --i) {
    const std::int64_t first = pick(random, 0, static_cast<int>(columns) - 1);
    map.mark(pick(random, 0, static_cast<int>(rows) - 1), first,
             pick(random, 1, static_cast<int>(columns - first)));
  }
  return map;
}

TEST(DirtyMap, MarksRuns) {
  DirtyMap map(3, 200);
  EXPECT_FALSE(map.any());
  map.mark(1, 60, 80);
  map.mark(1, 199, 1);
  map.mark(2, 0, 64);
  EXPECT_TRUE(map.any());
  EXPECT_EQ(map.count(), 145);
  EXPECT_FALSE(map.test(1, 59));
  EXPECT_TRUE(map.test(1, 60));
  EXPECT_TRUE(map.test(1, 139));
  EXPECT_FALSE(map.test(1, 140));
  std::vector<std::pair<std::int64_t, std::int64_t>> runs;
  const auto collect = [&](std::int64_t first, std::int64_t columns) { runs.emplace_back(first, columns); };
  map.for_each_run(0, collect);
  EXPECT_TRUE(runs.empty());
  map.for_each_run(1, collect);
  map.for_each_run(2, collect);
  EXPECT_EQ(runs, (std::vector<std::pair<std::int64_t, std::int64_t>>{{60, 80}, {199, 1}, {0, 64}}));
  EXPECT_TRUE(map.any_in({0, 2, 130, 10}));
  EXPECT_FALSE(map.any_in({0, 2, 140, 59}));
  map.clear();
  EXPECT_FALSE(map.any());
  map.mark_all();
  EXPECT_EQ(map.count(), 600);
  EXPECT_EQ(map.share(), 1);
}

TEST(DirtyMap, RunsAreTheMarkedColumns) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const DirtyMap map = random_map(random, pick(random, 1, 4), pick(random, 1, 300));
    for (std::int64_t row = 0; row < map.rows(); ++row) {
      std::vector<bool> marked(static_cast<std::size_t>(map.columns()));
      std::int64_t last_end = -1;
      map.for_each_run(row, [&](std::int64_t first, std::int64_t columns) {
        EXPECT_GT(first, last_end) << "runs that touch are one";
        last_end = first + columns;
        for (std::int64_t i = first; i < last_end; ++i) marked[static_cast<std::size_t>(i)] = true;
      });
      for (std::int64_t column = 0; column < map.columns(); ++column) {
        ASSERT_EQ(map.test(row, column), marked[static_cast<std::size_t>(column)]);
      }
    }
  }
}

TEST(DirtyMap, AreasCoverWhatIsMarkedOnce) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    const DirtyMap map = random_map(random, pick(random, 1, 20), pick(random, 1, 90));
    const std::int64_t step = pick(random, 1, 20);
    DirtyMap covered(map.rows(), map.columns());
    std::int64_t positions = 0;
    for (const Area& area : map.areas(step)) {
      EXPECT_EQ(area.first_column % step, 0);
      EXPECT_TRUE((area.first_column + area.columns) % step == 0 ||
                  area.first_column + area.columns == map.columns());
      for (std::int64_t row = 0; row < area.rows; ++row) {
        covered.mark(area.first_row + row, area.first_column, area.columns);
      }
      positions += area.rows * area.columns;
      EXPECT_TRUE(map.any_in(area));
    }
    EXPECT_EQ(covered.count(), positions) << "disjoint";
    DirtyMap both = covered;
    both |= map;
    EXPECT_EQ(both, covered);
    if (step == 1) {
      EXPECT_EQ(covered, map);
    }
  }
}

TEST(DirtyMap, AreasJoinRowsOfTheSameColumns) {
  DirtyMap map(10, 64);
  for (std::int64_t row = 2; row < 7; ++row) map.mark(row, 17, 3);
  EXPECT_EQ(map.areas(16), (std::vector<Area>{{2, 5, 16, 16}}));
}

/// Straight from the meaning of a reach.
DirtyMap naive_spread(const DirtyMap& map, const AxisReach& rows, const AxisReach& columns) {
  DirtyMap result(rows.out(), columns.out());
  for (std::int64_t row = 0; row < rows.out(); ++row) {
    for (std::int64_t column = 0; column < columns.out(); ++column) {
      bool any = false;
      for (std::int64_t y = rows.window(row).begin; y < rows.window(row).end; ++y) {
        for (std::int64_t x = columns.window(column).begin; x < columns.window(column).end; ++x) {
          any = any || map.test(y, x);
        }
      }
      if (any) result.mark(row, column, 1);
    }
  }
  return result;
}

AxisReach random_reach(Random& random, std::int64_t in) {
  if (random() % 3 == 0) {
    const std::int64_t taps = random() % 2 == 0 ? 3 : 5;
    const std::int64_t padding = pick(random, 0, 2);
    const std::int64_t out = in + 2 * padding - taps + 1;
    if (out > 0) return AxisReach::winograd(in, out, random() % 2 == 0 ? 4 : 6, taps, padding);
  }
  const std::int64_t kernel = pick(random, 1, 4);
  const std::int64_t dilation = pick(random, 1, 3);
  const std::int64_t padding = pick(random, 0, 5);
  const std::int64_t stride = pick(random, 1, 4);
  const std::int64_t room = in + 2 * padding - dilation * (kernel - 1) - 1;
  if (room < 0) return AxisReach::identity(in);
  return AxisReach::windows(in, room / stride + 1, kernel, stride, padding, dilation);
}

TEST(DirtyMap, SpreadsToWhatReachesIt) {
  Random random(3);
  for (int round = 0; round < 500; ++round) {
    const std::int64_t in_rows = pick(random, 1, 20);
    const std::int64_t in_columns = pick(random, 1, 150);
    const DirtyMap map = random_map(random, in_rows, in_columns);
    const AxisReach rows = random_reach(random, in_rows);
    const AxisReach columns = random_reach(random, in_columns);
    ASSERT_EQ(map.spread(rows, columns), naive_spread(map, rows, columns)) << "round " << round;
  }
}

TEST(AxisReach, OfWinogradTiles) {
  // F(4, 3), padding 1: tile 0 reads pixels -1 .. 4, tile 1 pixels 3 .. 8.
  const AxisReach reach = AxisReach::winograd(9, 9, 4, 3, 1);
  const std::vector<AxisReach::Window> expected{{0, 4}, {0, 4}, {0, 4}, {0, 5}, {3, 8},
                                                {4, 8}, {4, 8}, {4, 9}, {7, 9}};
  for (std::int64_t i = 0; i < 9; ++i) EXPECT_EQ(reach.window(i), expected[static_cast<std::size_t>(i)]) << i;
}

}  // namespace
}  // namespace edge::kernels
