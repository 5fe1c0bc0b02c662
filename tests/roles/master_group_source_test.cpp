// The video as the master sends it: looked at ahead, held still where nothing moves.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "engine/operations.h"
#include "roles/master/group_source.h"

namespace edge {
namespace {

/// Frames of 1x3x1x2 pixels.
class ListSource final : public FrameSource {
 public:
  explicit ListSource(std::vector<std::vector<std::uint8_t>> frames) : frames_(std::move(frames)) {}
  std::optional<Array> next() override {
    if (next_ == frames_.size()) return std::nullopt;
    const std::vector<std::uint8_t>& pixels = frames_[next_++];
    FreshArray fresh = allocate_array(ElementType::u8, {1, 3, 1, 2});
    std::memcpy(fresh.data, pixels.data(), std::min(pixels.size(), fresh.array.bytes()));
    return fresh.array;
  }
  std::optional<double> frames_per_second() const override { return std::nullopt; }
  std::size_t read() const { return next_; }

 private:
  std::vector<std::vector<std::uint8_t>> frames_;
  std::size_t next_ = 0;
};

std::vector<std::vector<double>> upcoming_rates(GroupSource& source) {
  std::vector<std::vector<double>> rates;
  for (const FrameChange& change : source.upcoming_changes()) rates.push_back(change.rates);
  return rates;
}

TEST(GroupSource, LooksAheadAGroup) {
  auto list = std::make_unique<ListSource>(
      std::vector<std::vector<std::uint8_t>>{{0, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0}, {1, 0, 9, 9, 0, 0}, {}});
  const ListSource& source = *list;
  GroupSource group(std::move(list), {.frame_limit = 3}, {.look_ahead = 2});
  EXPECT_EQ(upcoming_rates(group), (std::vector<std::vector<double>>{{}, {0.5, 0, 0}}));
  EXPECT_EQ(source.read(), 2U);
  EXPECT_EQ(group.next()->video_index, 0U);
  EXPECT_EQ(group.next()->change.rates, (std::vector<double>{0.5, 0, 0}));
  EXPECT_EQ(upcoming_rates(group), (std::vector<std::vector<double>>{{0, 1, 0}}));
  EXPECT_EQ(group.next()->video_index, 2U);
  EXPECT_TRUE(upcoming_rates(group).empty());
  EXPECT_FALSE(group.next());
}

class BreakingSource final : public FrameSource {
 public:
  std::optional<Array> next() override {
    if (reads_++ == 2) throw std::runtime_error("broken");
    FreshArray fresh = allocate_array(ElementType::u8, {1, 3, 1, 1});
    std::memset(fresh.data, 0, fresh.array.bytes());
    return fresh.array;
  }
  std::optional<double> frames_per_second() const override { return std::nullopt; }

 private:
  int reads_ = 0;
};

TEST(GroupSource, FramesInFrontOfABreakCount) {
  GroupSource group(std::make_unique<BreakingSource>(), {}, {.look_ahead = 3});
  EXPECT_EQ(upcoming_rates(group).size(), 2U);
  EXPECT_TRUE(group.next());
  EXPECT_TRUE(group.next());
  EXPECT_THROW(group.next(), std::runtime_error);
  EXPECT_THROW(upcoming_rates(group), std::runtime_error);
}

TEST(GroupSource, ReadsTheNextGroupWhenThisOneHasGone) {
  auto list = std::make_unique<ListSource>(std::vector<std::vector<std::uint8_t>>(5, {1, 2, 3, 4, 5, 6}));
  const ListSource& source = *list;
  GroupSource group(std::move(list), {}, {.look_ahead = 2});
  group.read_ahead();
  EXPECT_EQ(source.read(), 2U);
  EXPECT_EQ(upcoming_rates(group).size(), 2U);
  group.next();
  group.read_ahead();
  EXPECT_EQ(source.read(), 2U) << "one of this group is left";
  group.next();
  group.read_ahead();
  EXPECT_EQ(source.read(), 4U);
  for (std::uint64_t frame = 2; frame < 5; ++frame) EXPECT_EQ(group.next()->video_index, frame);
  group.read_ahead();
  EXPECT_FALSE(group.next());

  auto camera = std::make_unique<ListSource>(std::vector<std::vector<std::uint8_t>>(5, {1, 2, 3, 4, 5, 6}));
  const ListSource& pictures = *camera;
  GroupSource live(std::move(camera), {}, {.look_ahead = 1});
  live.read_ahead();
  EXPECT_EQ(pictures.read(), 0U) << "frames read early would be old ones";
}

TEST(GroupSource, ABreakThatWasReadAheadIsToldInItsTurn) {
  GroupSource group(std::make_unique<BreakingSource>(), {}, {.look_ahead = 2});
  group.read_ahead();
  group.next();
  group.next();
  EXPECT_NO_THROW(group.read_ahead());
  EXPECT_THROW(group.next(), std::runtime_error);
}

TEST(GroupSource, SaysWhichFramesAreUnchanged) {
  const std::vector<std::vector<std::uint8_t>> frames{
      {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, {0, 0, 9, 0, 0, 0}};
  GroupSource group(std::make_unique<ListSource>(frames), {}, {.look_ahead = 3});
  const std::vector<FrameChange> changes = group.upcoming_changes();
  EXPECT_FALSE(changes[0].unchanged);
  EXPECT_TRUE(changes[1].unchanged);
  EXPECT_FALSE(changes[2].unchanged);
}

/// Worked out for the whole network only if somebody wants to know.
TEST(GroupSource, KnowsWhatALayerComputes) {
  const std::vector<std::vector<std::uint8_t>> frames{
      {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, {0, 0, 9, 0, 0, 0}};
  Graph graph("two", {1, 3, 1, 2});
  graph.add("conv", Conv2dLayer{.out_channels = 1, .kernel = {1, 1}});
  GroupSource group(std::make_unique<ListSource>(frames), {},
                    {.look_ahead = 3, .dirty_shares = std::make_shared<const DirtyShares>(graph)});
  const std::vector<FrameChange> changes = group.upcoming_changes();
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_TRUE(changes[0].dirty_shares.empty()) << "nothing is before it";
  EXPECT_EQ(changes[1].dirty_shares, (std::vector<double>{0, 0}));
  EXPECT_EQ(changes[2].dirty_shares, (std::vector<double>{0.5, 0.5}));
}

TEST(GroupSource, RatesAreThoseWithinTheDeadband) {
  GroupSource group(std::make_unique<ListSource>(std::vector<std::vector<std::uint8_t>>{
                        {10, 10, 10, 10, 10, 10}, {12, 20, 10, 10, 11, 11}}),
                    {}, {.hold = {.deadband = 2}, .look_ahead = 3});
  upcoming_rates(group);
  group.next();
  const std::optional<InputFrame> second = group.next();
  EXPECT_EQ(second->change.rates, (std::vector<double>{0.5, 0, 0}));
  EXPECT_EQ(std::to_integer<int>(second->pixels.data()[0]), 10);
  EXPECT_EQ(std::to_integer<int>(second->pixels.data()[1]), 20);
}

}  // namespace
}  // namespace edge
