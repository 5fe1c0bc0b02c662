// `edge trainer` as a process: both start orders, refusals, caches, signals, reports.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <cmath>
#include <csignal>
#include <fstream>

#include "roles/prediction/trainer_client.h"
#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

/// A master's side, on this thread.
class Client {
 public:
  Client(const Config& config, std::uint16_t port, const std::string& version = {})
      : model_(load_model(config.model)),
        client_(context_, {.host = "127.0.0.1", .port = port}, config.net, model_, identity(version),
                {.predictors = [this](auto predictor) { predictor_ = std::move(predictor); },
                 .progress =
                     [this](int done, int total) {
                       EXPECT_LE(done, total);
                       ++progress_;
                     },
                 .lost = [this](const std::string& reason) { lost_ = reason; },
                 .refused = [this](const std::string& reason) { refused_ = reason; }}) {
    client_.start();
  }

  /// Runs until `condition` holds; false after `limit`.
  template <typename Condition>
  bool run_until(Condition condition, std::chrono::milliseconds limit = 30s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition() && std::chrono::steady_clock::now() < end) context_.run_for(5ms);
    return condition();
  }
  bool wait_for_predictors() {
    return run_until([this] { return predictor_ != nullptr; });
  }

  const Model& model() const { return model_; }
  std::shared_ptr<const prediction::TransferPredictor> predictor_;
  std::string lost_;
  std::string refused_;
  int progress_ = 0;

 private:
  net::Identity identity(const std::string& version) const {
    net::Identity identity = make_identity("master", 0, model_);
    if (!version.empty()) identity.software_version = version;
    return identity;
  }

  Model model_;
  asio::io_context context_;
  prediction::TrainerClient client_;
};

class TrainerTest : public ChainFixture {
 protected:
  std::string write(const std::string& video = "synthetic:street?seed=3&noise=1&frames=12", int seed = 1,
                    bool same_port = false) {
    if (!same_port || port_ == 0) port_ = free_ports(1)[0];
    file_ = write_config(
        {.seed = seed,
         .video = video,
         .video_lines = fmt::format("[trainer]\naddress = \"127.0.0.1:{}\"\nframes = 10", port_)});
    return file_;
  }
  Config config() const { return load_config(file_); }
  std::unique_ptr<EdgeProcess> start_trainer(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"trainer", "-c", file_};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return start("trainer", edge_command(arguments));
  }
  static void stop(EdgeProcess& trainer) {
    trainer.kill(SIGTERM);
    EXPECT_EQ(trainer.wait(3s), 0) << trainer.errors();
  }
  static void expect_useful(const Client& client) {
    ASSERT_NE(client.predictor_, nullptr);
    const auto bytes = client.predictor_->predict(std::array{0.5, 0.5, 0.5});
    ASSERT_EQ(bytes.delta.size(), static_cast<std::size_t>(client.model().graph.size()));
    for (std::size_t l = 0; l < bytes.delta.size(); ++l) {
      EXPECT_TRUE(std::isfinite(bytes.delta[l]) && bytes.delta[l] > 0) << l;
      EXPECT_GT(client.predictor_->mean().raw[l], 0) << l;
    }
  }
  std::vector<std::filesystem::path> cached() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path() / "cache")) {
      if (entry.path().extension() == ".bin") files.push_back(entry.path());
    }
    return files;
  }

  std::string file_;
  std::uint16_t port_ = 0;
};

TEST_F(TrainerTest, MayStartBeforeTheMaster) {
  write();
  const auto trainer = start_trainer();
  ASSERT_TRUE(trainer->wait_for_message("fitted"));
  {
    Client first(config(), port_);
    Client second(config(), port_);
    EXPECT_TRUE(first.wait_for_predictors()) << trainer->errors();
    EXPECT_TRUE(second.wait_for_predictors()) << "several masters at a time";
    expect_useful(first);
    EXPECT_EQ(first.lost_, "");
  }
  Client later(config(), port_);
  EXPECT_TRUE(later.wait_for_predictors()) << "and one after the other";
  stop(*trainer);
  EXPECT_TRUE(later.run_until([&] { return !later.lost_.empty(); })) << "the master hears of its end";
}

TEST_F(TrainerTest, MayStartBehindTheMasterAndAgain) {
  write();
  Client master(config(), port_);
  master.run_until([] { return false; }, 300ms);
  auto trainer = start_trainer();
  EXPECT_TRUE(master.wait_for_predictors()) << trainer->errors();
  expect_useful(master);
  trainer->kill(SIGKILL);
  trainer->wait();
  EXPECT_TRUE(master.run_until([&] { return !master.lost_.empty(); }));
  master.predictor_.reset();
  trainer = start_trainer();
  EXPECT_TRUE(master.wait_for_predictors()) << "after a lost connection again";
  EXPECT_NE(trainer->errors().find("predictors from the cache"), std::string::npos) << trainer->errors();
  stop(*trainer);
}

TEST_F(TrainerTest, TellsHowFarItIs) {
  // Long enough for more than one message, and then stopped in the middle.
  file_ = write_config({.rows = 256,
                        .columns = 384,
                        .video = "synthetic:street?seed=3&noise=1&frames=0",
                        .video_lines = fmt::format("[trainer]\naddress = \"127.0.0.1:{}\"\nframes = 2000",
                                                   port_ = free_ports(1)[0])});
  const auto trainer = start_trainer({"--retrain"});
  Client master(config(), port_);
  EXPECT_TRUE(master.run_until([&] { return master.progress_ >= 3; })) << trainer->errors();
  EXPECT_EQ(master.predictor_, nullptr);
  stop(*trainer);
}

TEST_F(TrainerTest, AnotherModelOrVersionIsRefusedAtBothEnds) {
  write();
  const auto trainer = start_trainer();
  Config other = config();
  other.model.seed = 2;
  Client stranger(other, port_);
  EXPECT_TRUE(stranger.run_until([&] { return !stranger.refused_.empty(); }));
  EXPECT_NE(stranger.refused_.find("use the same [model] on all devices"), std::string::npos)
      << stranger.refused_;
  EXPECT_NE(stranger.refused_.find("trainer at 127.0.0.1"), std::string::npos) << stranger.refused_;
  EXPECT_TRUE(trainer->wait_for_message("use the same [model] on all devices"));
  Client older(config(), port_, "0.0.1");
  EXPECT_TRUE(older.run_until([&] { return !older.refused_.empty(); }));
  EXPECT_NE(older.refused_.find("install the same version"), std::string::npos) << older.refused_;
  EXPECT_EQ(stranger.predictor_, nullptr);
  stop(*trainer);
}

TEST_F(TrainerTest, DamagedCacheIsReplaced) {
  write();
  auto trainer = start_trainer();
  ASSERT_TRUE(trainer->wait_for_message("fitted"));
  stop(*trainer);
  ASSERT_EQ(cached().size(), 1U);
  const std::string good = read_file(cached()[0]);
  std::ofstream(cached()[0], std::ios::binary) << good.substr(0, good.size() - 7);
  std::filesystem::remove(directory_.path() / "trainer.err");
  trainer = start_trainer();
  Client master(config(), port_);
  EXPECT_TRUE(master.wait_for_predictors());
  stop(*trainer);
  EXPECT_NE(trainer->errors().find("it is cut off; the trainer learns again"), std::string::npos)
      << trainer->errors();
  EXPECT_EQ(read_file(cached()[0]), good) << "learnt the same again";
}

TEST_F(TrainerTest, ShortVideosAndNone) {
  write("synthetic:street?seed=3&frames=4");
  auto trainer = start_trainer();
  EXPECT_TRUE(trainer->wait_for_message("has 4 frames, not 10; learns from these")) << trainer->errors();
  EXPECT_TRUE(trainer->wait_for_message("fitted"));
  stop(*trainer);

  write("synthetic:street?seed=3&frames=1");
  {
    Client master(config(), port_);
    trainer = start_trainer();
    EXPECT_TRUE(master.run_until([&] { return !master.lost_.empty(); }));
    EXPECT_NE(master.lost_.find("the video has 1 frame; the trainer needs at least 2"), std::string::npos)
        << master.lost_;
  }
  EXPECT_EQ(trainer->wait(), 1);

  write("missing.mp4");
  trainer = start_trainer();
  EXPECT_EQ(trainer->wait(), 1);
  EXPECT_NE(trainer->errors().find(": video.source: "), std::string::npos) << trainer->errors();
  EXPECT_NE(trainer->errors().find("missing.mp4"), std::string::npos) << trainer->errors();

  file_ = write_config(
      {.video_lines = fmt::format("[trainer]\naddress = \"127.0.0.1:{}\"\nsource = \"gone.mp4\"", port_)});
  trainer = start_trainer();
  EXPECT_EQ(trainer->wait(), 1);
  EXPECT_NE(trainer->errors().find(": trainer.source: "), std::string::npos) << trainer->errors();
  EXPECT_NE(trainer->errors().find("gone.mp4"), std::string::npos) << trainer->errors();
}

TEST_F(TrainerTest, ReportEndsByItself) {
  write("synthetic:street?seed=3&noise=1&frames=20");
  const std::string report = (directory_.path() / "report.html").string();
  const auto trainer = start_trainer({"--report", report});
  EXPECT_EQ(trainer->wait(), 0) << trainer->errors();
  const std::string html = read_file(report);
  EXPECT_NE(html.find("stem.conv"), std::string::npos);
  EXPECT_NE(html.find("</html>"), std::string::npos);
  const std::string table = trainer->output();
  EXPECT_NE(table.find("over 10 held-out frames and"), std::string::npos) << table;
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), load_model(config().model).graph.size() + 3);
}

TEST_F(TrainerTest, WithoutAnAddressItSaysSo) {
  file_ = write_config({});
  const auto trainer = start_trainer();
  EXPECT_EQ(trainer->wait(), 1);
  EXPECT_NE(trainer->errors().find("[trainer] has no address"), std::string::npos) << trainer->errors();
}

}  // namespace
}  // namespace edge::test
