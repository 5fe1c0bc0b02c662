// Which way frames can go; master_run_test.cpp has what a run makes of it.
#include <gtest/gtest.h>

#include "roles/master/membership.h"

namespace edge {
namespace {

using scheduling::Route;

/// All are there and have profiles; no link is known.
Membership everybody(std::size_t workers) {
  Membership membership(std::vector<std::optional<double>>(workers, std::nullopt));
  for (int worker = 0; static_cast<std::size_t>(worker) < workers; ++worker) {
    membership.up(worker, "avx2");
    membership.profiled(worker, {0, 1});
  }
  return membership;
}

TEST(Membership, TheLongestWayAroundImpossibleLinks) {
  Membership membership = everybody(4);
  EXPECT_EQ(membership.usable_route(), (Route{0, 1, 2, 3}));
  membership.link_state(1, 2, false);
  EXPECT_EQ(membership.usable_route(), (Route{0, 1, 3}))
      << "of two equally long ones the one that begins first";
  membership.link_state(0, 1, false);
  EXPECT_EQ(membership.usable_route(), (Route{0, 2, 3}));
  membership.link_state(the_master, 0, false);
  EXPECT_EQ(membership.usable_route(), (Route{1, 3}));
  membership.link_state(1, 3, false);
  EXPECT_EQ(membership.usable_route(), (Route{2, 3}));
  for (int worker = 1; worker < 4; ++worker) membership.link_state(the_master, worker, false);
  EXPECT_EQ(membership.usable_route(), Route{});
}

TEST(Membership, WhatWasImpossibleIsForgottenWithTheWorker) {
  Membership membership = everybody(2);
  membership.link_state(0, 1, false);
  EXPECT_EQ(membership.usable_route(), Route{0});
  EXPECT_TRUE(membership.lost(1));
  EXPECT_FALSE(membership.lost(1));
  membership.up(1, "avx2");
  EXPECT_EQ(membership.usable_route(), Route{0}) << "without a profile";
  membership.profiled(1, {0, 1});
  EXPECT_EQ(membership.usable_route(), (Route{0, 1}));
  EXPECT_FALSE(membership.ready({0, 1}));
}

TEST(Membership, ALinkThatIsLetGoIsNotThereUntilItIsMadeAnew) {
  Membership membership = everybody(2);
  for (const int to : {0, 1}) {
    membership.link_state(the_master, to, true);
    membership.link_measured(the_master, to, 5e6);
  }
  EXPECT_TRUE(membership.ready({1}));
  membership.keep_only(membership.wanted_links({0, 1}));
  EXPECT_TRUE(membership.ready({0}));
  EXPECT_FALSE(membership.ready({1})) << "a frame for it would be dropped";
  EXPECT_FALSE(membership.unreachable(the_master, 1));
  membership.lost(0);
  EXPECT_EQ(membership.wanted_links({0, 1})[0], std::set<int>{1});
  membership.link_state(the_master, 1, true);
  membership.keep_only(membership.wanted_links({0, 1}));
  EXPECT_TRUE(membership.ready({1}));
}

TEST(Membership, ALinkIsReadyWhenItIsThereAndItsSpeedIsKnown) {
  Membership membership = everybody(3);
  membership.link_state(the_master, 0, true);
  EXPECT_FALSE(membership.ready({0}));
  membership.link_measured(the_master, 0, 5e6);
  membership.link_measured(the_master, 0, 9e6);
  EXPECT_TRUE(membership.ready({0}));
  EXPECT_EQ(membership.bandwidth(the_master, 0), 5e6) << "what is first";
  membership.link_measured(1, 2, 2e6);
  membership.link_state(0, 2, true);
  EXPECT_EQ(membership.bandwidth(0, 2), 2e6) << "as measured from elsewhere";
  EXPECT_TRUE(membership.ready({0, 2}));
}

TEST(Membership, LinksThatAreWanted) {
  Membership membership = everybody(3);
  using Wanted = std::vector<std::set<int>>;
  EXPECT_EQ(membership.wanted_links({}), (Wanted{{0}, {1}, {2}, {}}));
  membership.lost(1);
  EXPECT_EQ(membership.wanted_links({0, 1, 2}), (Wanted{{0}, {2}, {2}, {}}));
  membership.up(1, "avx2");
  EXPECT_EQ(membership.wanted_links({0, 2}), (Wanted{{0}, {1, 2}, {2}, {}}))
      << "before it has measured its layers";
  membership.keep_out(1, true);
  EXPECT_EQ(membership.wanted_links({0, 2}), (Wanted{{0}, {2}, {}, {}}));
}

TEST(Membership, WhoIsKeptOutIsUsedIfNobodyElseCanBe) {
  Membership membership = everybody(2);
  membership.keep_out(0, true);
  EXPECT_EQ(membership.usable_route(), Route{1});
  membership.link_state(the_master, 1, false);
  EXPECT_EQ(membership.usable_route(), (Route{0, 1})) << "the only way";
}

TEST(Membership, WhatIsMissingToBeginWithAll) {
  using What = Missing::What;
  Membership membership = everybody(3);
  membership.lost(0);
  membership.keep_out(1, true);
  EXPECT_EQ(membership.missing(3),
            (std::vector<Missing>{{.worker = 0}, {.what = What::return_allowed, .worker = 1}}));
  EXPECT_EQ(membership.missing(1), (std::vector<Missing>{{.what = What::link, .worker = 2}}));
  membership.keep_out(1, false);
  membership.link_state(1, 2, false);
  EXPECT_EQ(membership.missing(3),
            (std::vector<Missing>{{.worker = 0}, {.what = What::link, .worker = 2, .from = 1}}));
}

}  // namespace
}  // namespace edge
