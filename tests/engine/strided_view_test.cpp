#include "engine/strided_view.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace edge {
namespace {

using Sizes = std::vector<std::int64_t>;

/// The positions that a view's elements have, in their order.
std::vector<std::int64_t> positions(const StridedView& view) {
  std::vector<std::int64_t> result;
  std::vector<std::int64_t> index(view.sizes.size(), 0);
  const std::int64_t count = view.elements();
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t position = view.offset;
    for (std::size_t axis = 0; axis < index.size(); ++axis) position += index[axis] * view.strides[axis];
    result.push_back(position);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < view.sizes[axis]) break;
      index[axis] = 0;
    }
  }
  return result;
}

TEST(StridedView, whole_is_contiguous_and_a_slice_of_rows_too) {
  const StridedView whole = StridedView::whole({2, 3, 4});
  EXPECT_EQ(whole.strides, (Sizes{12, 4, 1}));
  EXPECT_TRUE(whole.contiguous());
  EXPECT_TRUE(whole.sliced(0, 1, 1, 1).contiguous());
  EXPECT_EQ(whole.sliced(0, 1, 1, 1).offset, 12);
  EXPECT_FALSE(whole.sliced(1, 0, 1, 2).contiguous());
  EXPECT_FALSE(whole.transposed({0, 2, 1}).contiguous());
  EXPECT_TRUE(StridedView::whole({1, 3, 4}).transposed({1, 0, 2}).contiguous());
}

TEST(StridedView, slices_with_negative_steps_go_backwards) {
  const StridedView view = StridedView::whole({5}).sliced(0, 4, -2, 3);
  EXPECT_EQ(positions(view), (Sizes{4, 2, 0}));
}

TEST(StridedView, broadcasts_repeat) {
  EXPECT_EQ(positions(StridedView::whole({2, 1}).broadcast({2, 2, 3})),
            (Sizes{0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}));
}

TEST(StridedView, a_channel_shuffle_is_one_view_until_its_last_reshape) {
  const StridedView shuffled =
      StridedView::whole({1, 6, 2, 2}).reshaped({1, 2, 3, 2, 2})->transposed({0, 2, 1, 3, 4});
  EXPECT_FALSE(shuffled.reshaped({1, 6, 2, 2}).has_value());
  EXPECT_EQ(shuffled.collapsed().sizes, (Sizes{3, 2, 4}));
}

TEST(StridedView, reshapes_and_collapses_keep_the_elements_in_their_order) {
  std::mt19937 random(3);
  const auto pick = [&](int least, int most) {
    return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
  };
  int views = 0;
  for (int round = 0; round < 2000; ++round) {
    StridedView view = StridedView::whole({pick(1, 4), pick(1, 4), pick(1, 6), pick(1, 3)});
    Sizes order{0, 1, 2, 3};
    if (round % 2 == 0)
      std::swap(order[static_cast<std::size_t>(pick(0, 3))], order[static_cast<std::size_t>(pick(0, 3))]);
    view = view.transposed(order);
    const auto axis = static_cast<std::size_t>(pick(0, 3));
    if (round % 3 == 0) view = view.sliced(axis, view.sizes[axis] - 1, -1, view.sizes[axis]);
    if (round % 5 == 0) view = view.sliced(axis, 0, 2, (view.sizes[axis] + 1) / 2);
    EXPECT_EQ(positions(view.collapsed()), positions(view));
    // Extents that multiply to as many elements: two neighbours joined, or one divided.
    Sizes to = view.sizes;
    if (pick(0, 1) == 0) {
      const auto first = static_cast<std::size_t>(pick(0, 2));
      to[first] *= to[first + 1];
      to.erase(to.begin() + static_cast<std::ptrdiff_t>(first) + 1);
    } else if (to[2] % 2 == 0) {
      to[2] /= 2;
      to.insert(to.begin() + 2, 2);
    }
    const std::optional<StridedView> reshaped = view.reshaped(to);
    if (!reshaped) continue;
    ++views;
    EXPECT_EQ(reshaped->sizes, to);
    EXPECT_EQ(positions(*reshaped), positions(view));
  }
  EXPECT_GT(views, 500);
}

}  // namespace
}  // namespace edge
