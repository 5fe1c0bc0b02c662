// Statistics are what a plain run over the frames would count, whatever the memory and threads.
#include <gtest/gtest.h>

#include <numeric>

#include "engine/error.h"
#include "engine/models/models.h"
#include "roles/prediction/transfer_predictor.h"
#include "roles/trainer/judgement.h"
#include "roles/trainer/report_html.h"
#include "roles/trainer/statistics.h"
#include "roles/trainer/statistics_json.h"
#include "roles/trainer/training_video.h"

namespace edge::trainer {
namespace {

constexpr std::int64_t rows = 24;
constexpr std::int64_t columns = 32;

std::unique_ptr<FrameSource> scene(int frames, const std::string& parameters = "seed=3&noise=1") {
  return open_frame_source({.source = "synthetic:street?" + parameters + "&frames=" + std::to_string(frames),
                            .rows = rows,
                            .columns = columns});
}

class TrainerStatistics : public testing::Test {
 protected:
  Statistics collect(int frames_in_video, const StatisticsOptions& options, int kernel_threads = 1) {
    Executor executor(graph_, weights_, {.threads = kernel_threads});
    const auto source = scene(frames_in_video);
    TrainingVideo video(*source, {});
    return collect_statistics(graph_, executor, video, options);
  }

  const Graph graph_ = make_model("toy_dag", {.rows = rows, .columns = columns, .classes = 5});
  const SeededWeights weights_{1};
};

TEST_F(TrainerStatistics, AreWhatAPlainRunCounts) {
  const Statistics statistics = collect(4, {.frames = 4});
  EXPECT_EQ(statistics.transitions, 3);
  EXPECT_EQ(statistics.training, 3);
  EXPECT_EQ(statistics.frames, 4U);

  Executor executor(graph_, weights_, {});
  const auto source = scene(4);
  std::vector<LayerIndex> all(static_cast<std::size_t>(graph_.size()) - 1);
  std::iota(all.begin(), all.end(), 1);
  TensorMap before;
  for (int frame = 0; frame < 4; ++frame) {
    TensorMap given;
    given[0] = as_floats(*source->next());
    TensorMap now = executor.run(all, given, all);
    now[0] = given[0];
    for (LayerIndex layer = 0; layer < graph_.size() && frame > 0; ++layer) {
      const LayerStatistics& counted = statistics.layers[static_cast<std::size_t>(layer)];
      const std::vector<double> rates =
          prediction::change_rates(Array(now.at(layer)), Array(before.at(layer)));
      ASSERT_EQ(rates.size(), counted.channels);
      for (std::size_t c = 0; c < rates.size(); ++c) {
        EXPECT_EQ(counted.rates[static_cast<std::size_t>(frame - 1) * counted.channels + c],
                  static_cast<float>(rates[c]))
            << graph_.layer(layer).name;
      }
    }
    before = std::move(now);
  }
  for (const LayerStatistics& layer : statistics.layers) {
    ASSERT_EQ(layer.delta.size(), 3U);
    ASSERT_GE(layer.raw.size(), 1U);
    EXPECT_GT(layer.raw[0].bytes, 0);
    EXPECT_EQ(layer.delta[0].elements, layer.elements) << "small tensors are encoded whole";
    EXPECT_EQ(layer.nonzero.size(), layer.channels);
  }
}

TEST_F(TrainerStatistics, DoNotDependOnMemoryAndThreads) {
  const Statistics window_of_all = collect(7, {.frames = 5, .held_out = 2});
  EXPECT_EQ(window_of_all.training, 4);
  EXPECT_EQ(window_of_all.transitions, 6);
  std::vector<int> progress;
  StatisticsOptions options{.frames = 5, .held_out = 2, .threads = 3, .memory_bytes = 1};
  options.progress = [&](int done, int total) {
    EXPECT_LE(done, total);
    progress.push_back(done);
  };
  const Statistics window_of_two = collect(7, options, 2);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), 6 * graph_.size());
  EXPECT_EQ(window_of_two.frames_hash, window_of_all.frames_hash);
  for (std::size_t l = 0; l < window_of_all.layers.size(); ++l) {
    const LayerStatistics& a = window_of_all.layers[l];
    const LayerStatistics& b = window_of_two.layers[l];
    EXPECT_EQ(a.rates, b.rates);
    ASSERT_EQ(a.delta.size(), b.delta.size());
    for (std::size_t i = 0; i < a.delta.size(); ++i) {
      EXPECT_EQ(a.delta[i].transition, b.delta[i].transition);
      EXPECT_EQ(a.delta[i].bytes, b.delta[i].bytes);
      EXPECT_EQ(a.delta[i].changed, b.delta[i].changed);
    }
    ASSERT_EQ(a.raw.size(), b.raw.size());
    for (std::size_t i = 0; i < a.raw.size(); ++i) EXPECT_EQ(a.raw[i].bytes, b.raw[i].bytes);
  }
}

TEST_F(TrainerStatistics, ShortVideosAreUsedAsFarAsTheyGo) {
  const Statistics two = collect(2, {.frames = 24});
  EXPECT_EQ(two.frames, 2U);
  EXPECT_EQ(two.training, 1);
  EXPECT_EQ(two.frames_hash.size(), 64U);
  const Statistics judged = collect(9, {.frames = 24, .held_out = 24});
  EXPECT_EQ(judged.transitions, 8);
  EXPECT_EQ(judged.training, 6) << "the last quarter is held out";
  const auto refusal = [&](int frames, int held_out) {
    try {
      collect(frames, {.frames = 24, .held_out = held_out});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal(1, 0), "the video has 1 frame; the trainer needs at least 2");
  EXPECT_EQ(refusal(2, 4), "the video has 2 frames; the trainer needs at least 3");
}

TEST_F(TrainerStatistics, CancelledExecutorEndsIt) {
  Executor executor(graph_, weights_, {});
  executor.cancel();
  const auto source = scene(4);
  TrainingVideo video(*source, {});
  EXPECT_THROW(collect_statistics(graph_, executor, video, {.frames = 4}), Cancelled);
}

TEST(TrainingVideoTest, HashAndDeadband) {
  const auto hash = [](int frames, int deadband, const std::string& parameters) {
    const auto source = scene(10, parameters);
    TrainingVideo video(*source, {.deadband = deadband});
    for (int i = 0; i < frames; ++i) EXPECT_TRUE(video.next());
    return video.hash();
  };
  const std::string some = hash(4, 0, "seed=3&noise=1");
  EXPECT_EQ(hash(4, 0, "seed=3&noise=1"), some);
  EXPECT_NE(hash(5, 0, "seed=3&noise=1"), some);
  EXPECT_NE(hash(4, 0, "seed=4&noise=1"), some);
  EXPECT_NE(hash(4, 8, "seed=3&noise=1"), some);

  const auto source = scene(3);
  TrainingVideo video(*source, {.deadband = 255});
  const Array first = *video.next();
  const Array second = *video.next();
  EXPECT_EQ(prediction::change_rates(second, first), (std::vector<double>{0, 0, 0}))
      << "the master would send nothing either";
}

TEST_F(TrainerStatistics, ReportIsSelfContained) {
  const Statistics statistics = collect(8, {.frames = 5, .held_out = 3});
  prediction::Predictors predictors{
      .model_hash = "h", .software_version = "1", .frames_hash = "f", .frames = 5};
  for (LayerIndex layer = 0; layer < graph_.size(); ++layer) {
    for (std::uint8_t rule = 0; rule <= static_cast<std::uint8_t>(prediction::last_rule); ++rule) {
      const auto count = prediction::coefficient_count(graph_, layer, static_cast<prediction::Rule>(rule));
      if (!count) continue;
      predictors.layers.push_back({static_cast<prediction::Rule>(rule), std::vector<float>(*count), {}});
      break;
    }
  }
  const prediction::TrainedPredictor predictor(graph_, predictors);
  const std::vector<LayerJudgement> layers = judge(graph_, statistics, predictor);
  ASSERT_EQ(layers.size(), static_cast<std::size_t>(graph_.size()));
  EXPECT_EQ(layers[0].rates.size(), 3U);
  EXPECT_NEAR(mean_absolute_error(layers[0].rates), 0, 1e-6) << "the input's rates are known";
  EXPECT_NEAR(mean_absolute_error(layers[1].rates), mean_truth(layers[1].rates), 1e-6) << "0 was predicted";
  const std::string html = report_html({.model = "<b>&", .source = "a \"b\"", .training = 4}, layers);
  EXPECT_NE(html.find("&lt;b&gt;&amp;"), std::string::npos);
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  for (const char* outside : {"http", "src=", "href=", "url(", "@import", "<script"}) {
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  }
  EXPECT_NE(html.find("<polyline"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
  const std::string table = judgement_table(layers);
  EXPECT_NE(table.find("stem.conv"), std::string::npos);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), graph_.size() + 2);
  EXPECT_NE(statistics_json(graph_, statistics, layers, 1e-6).find("\"predicted\""), std::string::npos);
}

}  // namespace
}  // namespace edge::trainer
