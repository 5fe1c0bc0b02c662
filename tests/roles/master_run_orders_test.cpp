// The master's state machine under thousands of orders of events, each drawn from a seed: workers that are
// lost and come back at any moment on any device, results that are late, repeated, out of order, of older
// epochs and of other runs, an input that stalls or ends anywhere, doers that are slow.
#include <gtest/gtest.h>

#include "tests/roles/simulated_chain.h"

namespace edge::test {
namespace {

constexpr std::uint64_t orders = 5000;

/// Some steps, then everything is there again and what can go on does.
void trouble(SimulatedChain& chain, int steps, bool input_flows_then) {
  for (int step = 0; step < steps; ++step) chain.step();
  chain.heal(input_flows_then);
  chain.drain();
}

TEST(RunOrders, EveryFrameOnceInOrderAndNeverStuck) {
  std::uint64_t sent_again = 0;
  std::uint64_t shorter_routes = 0;
  std::uint64_t changes_of_route = 0;
  for (std::uint64_t seed = 1; seed <= orders; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedChain chain(seed);
    for (int phase = 0; phase < 3; ++phase) {
      trouble(chain, 400, false);
      chain.expect_all_read_frames_delivered();
    }
    trouble(chain, 400, true);
    chain.expect_input_consumed();
    chain.expect_all_read_frames_delivered();
    chain.expect_all_doers_done();
    sent_again += chain.frames_sent_again();
    shorter_routes += chain.shorter_routes();
    changes_of_route += chain.changes_of_route();
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(sent_again, orders) << "the orders are too tame to show anything";
  EXPECT_GT(shorter_routes, orders);
  EXPECT_GT(changes_of_route, orders / 4);
}

TEST(RunOrders, FramesBeforeABreakOfTheVideoAreDelivered) {
  for (std::uint64_t seed = 1; seed <= orders; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedChain chain(seed);
    for (int step = 0; step < 300; ++step) chain.step();
    chain.break_input();
    trouble(chain, 40, true);
    chain.expect_all_read_frames_delivered();
    chain.expect_all_doers_done();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(RunOrders, AStopEndsEverybodyAtAnyMoment) {
  for (std::uint64_t seed = 1; seed <= orders; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedChain chain(seed);
    for (std::uint64_t step = 0; step < seed % 500; ++step) chain.step();
    chain.stop();
    chain.drain();
    chain.expect_all_doers_done();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace edge::test
