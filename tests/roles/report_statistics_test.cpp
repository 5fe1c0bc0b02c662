// Sums over a run, percentiles, and the final table, as exact text.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "roles/report/latency_histogram.h"
#include "roles/report/run_statistics.h"
#include "roles/report/table.h"

namespace edge {
namespace {

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

TEST(LatencyHistogram, QuantilesWithinHalfAPercent) {
  std::mt19937 random(1);
  std::lognormal_distribution<double> durations(-1, 2);
  LatencyHistogram histogram;
  std::vector<double> all;
  double sum = 0;
  for (int i = 0; i < 10001; ++i) {
    all.push_back(durations(random));
    histogram.add(all.back());
    sum += all.back();
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(histogram.count(), 10001U);
  EXPECT_NEAR(histogram.mean(), sum / 10001, 1e-9);
  EXPECT_EQ(histogram.most(), all.back());
  for (const double q : {0.01, 0.5, 0.95, 0.99}) {
    const double exact = all[static_cast<std::size_t>(std::ceil(q * 10001)) - 1];
    EXPECT_NEAR(histogram.quantile(q), exact, 0.0051 * exact) << q;
  }
  EXPECT_EQ(histogram.quantile(1), all.back());
}

TEST(LatencyHistogram, FewAndExtremeValues) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.mean(), 0);
  histogram.add(0.123);
  EXPECT_EQ(histogram.quantile(0.5), 0.123) << "one value is its own median";
  histogram.add(0);
  histogram.add(1e9);
  EXPECT_EQ(histogram.most(), 1e9);
  EXPECT_GE(histogram.quantile(0.01), 0);
  EXPECT_NEAR(histogram.quantile(0.5), 0.123, 0.001);
}

FrameRecord frame_at(double captured_s, double latency_s, std::vector<LayerIndex> ends) {
  FrameRecord frame;
  frame.captured_s = captured_s;
  frame.finished_s = captured_s + latency_s;
  frame.plan.ends = std::move(ends);
  frame.links = {{210'300, 4'147'200, 1'036'800}, {67'100, 301'056, 301'056}};
  frame.workers = {{0.05, 0.001, 0.12, 0.011, 0.02}, {0.02, 0.002, 0.2, 0, 0}};
  return frame;
}

TEST(RunStatistics, UnchangedFramesHaveNoLatency) {
  RunStatistics statistics;
  statistics.worker_names = {"0", "1"};
  statistics.add(frame_at(10.0, 0.5, {7, 23}));
  for (int i = 1; i < 9; ++i) {
    FrameRecord frame = frame_at(10.0 + 0.1 * i, 1e-6, {7, 23});
    frame.unchanged = true;
    statistics.add(frame);
  }
  const RunSummary summary = summarize(statistics);
  EXPECT_EQ(summary.latency_p50_s, 0.5);
  EXPECT_EQ(summary.latency_mean_s, 0.5);
  const std::string table = format_table(summary);
  EXPECT_NE(table.find("8 unchanged (not sent)"), std::string::npos) << table;
  EXPECT_NE(table.find("max 500 ms   (of 1 sent)\n"), std::string::npos) << table;
}

/// Two frames within one second.
RunStatistics two_frames() {
  RunStatistics statistics;
  statistics.worker_names = {"10.0.0.1:7701", "a-host-name-that-is-too-long.example.org:7702"};
  statistics.add(frame_at(10.0, 0.5, {7, 23}));
  statistics.add(frame_at(10.5, 0.5, {7, 23}));
  return statistics;
}

TEST(RunStatistics, Figures) {
  RunStatistics statistics = two_frames();
  statistics.devices = {{0, 0.9, true}, {1, 0.75, true}};
  const RunSummary summary = summarize(statistics);
  EXPECT_EQ(summary.frames, 2U);
  EXPECT_DOUBLE_EQ(summary.duration_s, 1.0);
  EXPECT_DOUBLE_EQ(summary.frames_per_second, 2.0);
  EXPECT_DOUBLE_EQ(summary.latency_mean_s, 0.5);
  EXPECT_DOUBLE_EQ(summary.latency_max_s, 0.5);
  EXPECT_EQ(summary.plan, "1-6 | 7-22");
  EXPECT_FALSE(summary.several_plans);
  EXPECT_EQ(summary.links[0].name, "master → worker 0");
  EXPECT_DOUBLE_EQ(summary.links[1].sent, 67'100);
  EXPECT_DOUBLE_EQ(summary.links[1].full, 301'056);
  EXPECT_DOUBLE_EQ(summary.workers[0].compute, 0.24);
  EXPECT_DOUBLE_EQ(summary.workers[0].receive, 0.1);
  EXPECT_DOUBLE_EQ(summary.workers[0].wait, 1 - 0.24 - 0.002 - 0.022);
  ASSERT_TRUE(summary.best_single_device);
  EXPECT_EQ(summary.best_single_device->worker, 1);
  EXPECT_DOUBLE_EQ(summary.best_single_device->gain.value_or(0), 1.5);
}

TEST(RunStatistics, NoGainWhereTheSourceSetsThePace) {
  RunStatistics statistics = two_frames();
  statistics.devices = {{0, 0.9, true}, {1, 0.75, true}};
  statistics.paced = true;
  EXPECT_FALSE(summarize(statistics).best_single_device->gain);
  statistics.devices.clear();
  EXPECT_FALSE(summarize(statistics).best_single_device);
}

TEST(RunStatistics, MostFrequentPlanAndBoundedMemory) {
  RunStatistics statistics;
  statistics.worker_names = {"a", "b"};
  for (int i = 0; i < 1000; ++i) {
    statistics.add(frame_at(i, 1, {i % 4 == 0 ? 5 : 6 + i, 2000}));
  }
  EXPECT_EQ(statistics.plans.size(), 256U);
  EXPECT_EQ(statistics.plans.at({5, 2000}), 250U);
  EXPECT_EQ(statistics.frames_of_other_plans, 1000U - 250U - 255U);
  const RunSummary summary = summarize(statistics);
  EXPECT_EQ(summary.plan, "1-4 | 5-1999");
  EXPECT_DOUBLE_EQ(summary.plan_share, 0.25);
  EXPECT_TRUE(summary.several_plans);
}

TEST(RunStatistics, FramesOutOfOrderAndWithoutReports) {
  RunStatistics statistics;
  statistics.worker_names = {"a", "b"};
  statistics.add(frame_at(3, 1, {2, 2}));
  FrameRecord bare;
  bare.captured_s = 1;
  bare.finished_s = 2;
  bare.plan.ends = {2, 2};
  statistics.add(bare);
  EXPECT_DOUBLE_EQ(summarize(statistics).duration_s, 3);
}

TEST(Table, OfARun) {
  RunStatistics statistics = two_frames();
  statistics.devices = {{0, 0.9, true}, {1, 0.75, true}};
  statistics.dropped_frames = 3;
  statistics.checked_frames = 2;
  statistics.agreement = "bit for bit";
  const std::string table = format_table(summarize(statistics));
  EXPECT_EQ(table,
            R"(2 frames in 1.00 s, 2.00 frames/s, 3 dropped
latency   mean 500 ms   p50 500 ms   p95 500 ms   max 500 ms
layers    1-6 | 7-22

link, kB per frame              sent  as float32     share  mode full     share
master → worker 0              210.3      4147.2     5.1 %     1036.8    20.3 %
worker 0 → worker 1             67.1       301.1    22.3 %      301.1    22.3 %

worker, share of the run    receive   decode  compute   encode     send     wait
0 10.0.0.1:7701              10.0 %    0.2 %   24.0 %    2.2 %    4.0 %   73.6 %
1 a-host-name-that-is-too…    4.0 %    0.4 %   40.0 %    0.0 %    0.0 %   59.6 %

worker 1 alone (measured): 750 ms per frame; the chain gains 1.5x
check: 2 frames right, bit for bit
)");
}

TEST(Table, ASlowerChainAndFailedChecks) {
  RunStatistics statistics = two_frames();
  statistics.devices = {{0, 0.2, false}, {1, 0.3, true}};
  statistics.checked_frames = 2;
  statistics.mismatched_frames = 1;
  statistics.add(frame_at(12, 1, {1, 23}));
  const std::string table = format_table(summarize(statistics));
  EXPECT_NE(table.find("layers    1-6 | 7-22   (67 % of the frames)\n"), std::string::npos) << table;
  EXPECT_NE(table.find("worker 0 alone (by its profile): 200 ms per frame; the chain is "
                       "slower, 0.20x\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("check: 1 of 2 results DIFFER from the master's own\n"), std::string::npos) << table;
}

TEST(Table, WithoutFrames) {
  RunStatistics statistics;
  EXPECT_EQ(format_table(summarize(statistics)), "no frames\n");
  statistics.dropped_frames = 4;
  EXPECT_EQ(format_table(summarize(statistics)), "no frames, 4 dropped\n");
}

TEST(Table, AnIdleLinkHasNoShare) {
  RunStatistics statistics;
  statistics.worker_names = {"a", "b"};
  FrameRecord frame = frame_at(0, 1, {23, 23});
  frame.links[1] = {};
  statistics.add(frame);
  const std::string table = format_table(summarize(statistics));
  EXPECT_NE(table.find("worker 0 → worker 1              0.0         0.0         -        0.0         -\n"),
            std::string::npos)
      << table;
}

TEST(Table, StaysWithin80Columns) {
  RunStatistics statistics;
  FrameRecord frame;
  for (int worker = 0; worker < 64; ++worker) {
    statistics.worker_names.push_back("device-ä-" + std::string(60, 'x'));
    statistics.devices.push_back({0, 1234, false});
    frame.plan.ends.push_back(worker + 2);
    frame.links.push_back({999'999'999, 999'999'999, 999'999'999});
    frame.workers.push_back({9, 9, 9, 9, 9});
  }
  for (const double error : {0.0, 0.0123456}) {
    SCOPED_TRACE(error);
    frame.links.back().values_error = error;
    frame.finished_s = 10;
    statistics.add(frame);
    frame.plan.ends.back() = 100;
    statistics.add(frame);
    std::istringstream lines(format_table(summarize(statistics)));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(code_points(line), 80U) << line;
    }
  }
}

TEST(Table, RoundedValuesHaveAnError) {
  RunStatistics statistics = two_frames();
  FrameRecord frame = frame_at(11, 0.5, {7, 23});
  frame.links[1].values_error = 0.00391;
  statistics.add(frame);
  statistics.add(frame_at(11.5, 0.5, {7, 23}));
  const std::string table = format_table(summarize(statistics));
  EXPECT_NE(table.find("link, kB per frame         sent as float32    share mode full    share    error\n"
                       "master → worker 0         210.3     4147.2    5.1 %    1036.8   20.3 %        -\n"
                       "worker 0 → worker 1        67.1      301.1   22.3 %     301.1   22.3 %   0.39 %\n"),
            std::string::npos)
      << table;
}

TEST(FormatSeconds, ThreeDigits) {
  EXPECT_EQ(format_seconds(0), "0.00 ms");
  EXPECT_EQ(format_seconds(0.00123456), "1.23 ms");
  EXPECT_EQ(format_seconds(0.009996), "10.0 ms");
  EXPECT_EQ(format_seconds(0.0999), "99.9 ms");
  EXPECT_EQ(format_seconds(0.9994), "999 ms");
  EXPECT_EQ(format_seconds(0.99951), "1.00 s");
  EXPECT_EQ(format_seconds(12.34), "12.3 s");
  EXPECT_EQ(format_seconds(3456), "3456 s");
}

}  // namespace
}  // namespace edge
