#include "kernels/strided_copy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace edge::kernels {
namespace {

std::vector<float> expected_of(const StridedCopy& copy, const float* in) {
  std::int64_t count = 1;
  for (const std::int64_t size : copy.sizes) count *= size;
  std::vector<float> result;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t position = 0;
    std::int64_t rest = i;
    for (std::size_t axis = copy.sizes.size(); axis-- > 0;) {
      position += rest % copy.sizes[axis] * copy.strides[axis];
      rest /= copy.sizes[axis];
    }
    result.push_back(in[position]);
  }
  return result;
}

TEST(StridedCopy, random_orders_are_those_of_the_definition) {
  std::mt19937 random(2);
  ThreadPool pool(2);
  const auto pick = [&](int least, int most) {
    return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
  };
  for (int round = 0; round < 300; ++round) {
    // A tensor, its dimensions in any order, some of them backwards or repeated.
    const auto rank = static_cast<std::size_t>(pick(1, 5));
    std::vector<std::int64_t> sizes(rank);
    std::vector<std::int64_t> strides(rank);
    std::int64_t elements = 1;
    for (std::size_t i = rank; i-- > 0;) {
      sizes[i] = pick(1, round % 10 == 0 ? 20 : 9);
      strides[i] = elements;
      elements *= sizes[i];
    }
    std::vector<float> in(static_cast<std::size_t>(elements));
    std::iota(in.begin(), in.end(), 0.0F);
    StridedCopy copy;
    std::vector<std::size_t> order(rank);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    std::int64_t first = 0;
    for (const std::size_t axis : order) {
      copy.sizes.push_back(sizes[axis]);
      copy.strides.push_back(strides[axis]);
      const int kind = pick(0, 5);
      if (kind == 0) copy.strides.back() = 0;
      if (kind == 1) {
        first += (sizes[axis] - 1) * strides[axis];
        copy.strides.back() = -strides[axis];
      }
    }
    const std::vector<float> expected = expected_of(copy, in.data() + first);
    std::vector<float> out(expected.size(), -1);
    copy.run(in.data() + first, out.data(), pool);
    ASSERT_EQ(out, expected) << "round " << round;
  }
}

TEST(StridedCopy, large_transpositions_on_several_threads) {
  ThreadPool pool(3);
  std::vector<float> in(300 * 1000);
  std::iota(in.begin(), in.end(), 0.0F);
  const StridedCopy copy{{1000, 300}, {1, 1000}};
  std::vector<float> out(in.size());
  copy.run(in.data(), out.data(), pool);
  EXPECT_EQ(out, expected_of(copy, in.data()));
  const StridedCopy nothing{{3, 0}, {1, 1}};
  nothing.run(in.data(), nullptr, pool);
  float one = 0;
  const StridedCopy single{{}, {}};
  single.run(in.data() + 7, &one, pool);
  EXPECT_EQ(one, 7);
}

}  // namespace
}  // namespace edge::kernels
