#include "engine/tensor_recycler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace edge {
namespace {

const Shape shape{1, 16, 64, 64};  // 256 KiB

TEST(TensorRecycler, reuses_dropped_memory) {
  TensorRecycler recycler;
  Tensor tensor = recycler.make(shape);
  const float* const data = tensor.data();
  tensor = Tensor();
  EXPECT_EQ(recycler.free_bytes(), std::size_t{256} << 10);
  EXPECT_EQ(recycler.make(shape).data(), data);
}

TEST(TensorRecycler, leaves_memory_alone_while_a_view_lives) {
  TensorRecycler recycler;
  Tensor view = recycler.make(shape).slice(0, 1).reshaped({16, 4096});
  view.data()[0] = 7;
  Tensor other = recycler.make(shape);
  EXPECT_NE(other.data(), view.data());
  other.data()[0] = 8;
  EXPECT_EQ(view.data()[0], 7.0F);
}

TEST(TensorRecycler, tensors_outlive_it) {
  Tensor tensor;
  {
    TensorRecycler recycler;
    tensor = recycler.make(shape);
  }
  std::fill(tensor.values().begin(), tensor.values().end(), 1.0F);
  EXPECT_EQ(tensor.data()[tensor.elements() - 1], 1.0F);
}

TEST(TensorRecycler, reuses_for_smaller_tensors_but_not_for_tiny_ones) {
  TensorRecycler recycler;
  const float* const data = recycler.make(shape).data();
  const Tensor half = recycler.make({1, 8, 64, 64});
  EXPECT_EQ(half.data(), data);
  EXPECT_EQ(half.shape(), Shape({1, 8, 64, 64}));
  recycler.clear();
  const Tensor large = recycler.make(shape);
  EXPECT_EQ(recycler.free_bytes(), 0U);
}

TEST(TensorRecycler, keeps_a_bounded_number_of_bytes_and_blocks) {
  TensorRecycler recycler;
  {
    std::vector<Tensor> tensors;
    for (int i = 0; i < 40; ++i) tensors.push_back(recycler.make(shape));
  }
  EXPECT_EQ(recycler.free_bytes(), TensorRecycler::max_free_blocks * (std::size_t{256} << 10));
  const auto largest = static_cast<std::int64_t>(TensorRecycler::max_free_bytes / sizeof(float));
  Tensor tensor = recycler.make({largest + 1});
  tensor = Tensor();
  EXPECT_EQ(recycler.free_bytes(), TensorRecycler::max_free_bytes + 4) << "it alone";
  recycler.clear();
  tensor = recycler.make({largest});
  tensor = recycler.make({largest / 4});
  tensor = Tensor();
  EXPECT_EQ(recycler.free_bytes(), TensorRecycler::max_free_bytes / 4);
  recycler.clear();
  EXPECT_EQ(recycler.free_bytes(), 0U);
}

TEST(TensorRecycler, takes_tensors_back_from_any_thread) {
  TensorRecycler recycler;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([tensor = recycler.make(shape)]() mutable { tensor = Tensor(); });
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_LE(recycler.free_bytes(), std::size_t{3 * 256} << 10);
}

}  // namespace
}  // namespace edge
