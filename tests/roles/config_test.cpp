// config.toml: what is read of it.
#include "roles/config/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "roles/config/known_keys.h"
#include "tests/roles/config_support.h"

namespace edge {
namespace {

using test::config_of_two_workers;
using test::message_after_workers;

std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

const std::filesystem::path source_directory = std::filesystem::path(EDGE_TEST_DATA) / "../../..";

TEST(Config, DefaultsWithNothingButWorkers) {
  const Config config = parse_config(config_of_two_workers, "config.toml");
  EXPECT_EQ(config.model.name, "street");
  EXPECT_FALSE(config.model.features_only);
  EXPECT_EQ(config.model.rows, 480);
  EXPECT_EQ(config.model.columns, 720);
  ASSERT_EQ(config.workers.size(), 2U);
  EXPECT_EQ(config.workers[1].address, (Address{"127.0.0.1", 7702}));
  EXPECT_FALSE(config.workers[1].listen);
  EXPECT_FALSE(config.trainer.address);
  EXPECT_EQ(config.schedule.scheduler, "data_aware");
  EXPECT_EQ(config.output.file, "-");
  EXPECT_EQ(config.output.result, ResultKind::top_k);
  EXPECT_EQ(config.net.mode, Mode::delta);
  EXPECT_EQ(config.net.heartbeat.count(), 500);
  EXPECT_EQ(config.schedule.wait_for, 0);
  EXPECT_FALSE(config.check);
}

TEST(Config, WhatIsDoneWithPixels) {
  const Config plain = parse_config(config_of_two_workers, "config.toml");
  EXPECT_EQ(plain.model.preprocessing, Preprocessing{});
  EXPECT_FALSE(plain.model.transform_input);
  const Config both = parse_config(
      config_of_two_workers + "[model]\nname = 'googlenet'\ntransform_input = true\nnormalize = 'imagenet'\n",
      "c.toml");
  EXPECT_TRUE(both.model.transform_input);
  EXPECT_TRUE(both.model.preprocessing.mean.imagenet);
  EXPECT_TRUE(both.model.preprocessing.deviation.imagenet);
  EXPECT_EQ(message_after_workers("[model]\nname = 'resnet18'\ntransform_input = true\n"),
            "config.toml:7: model.transform_input: only googlenet has that, not resnet18; leave it out");
  EXPECT_EQ(message_after_workers("[model]\nnormalize = 'imagnet'\n"),
            "config.toml:6: model.normalize: expected one of none, imagenet, found 'imagnet'; did you mean "
            "'imagenet'?");
}

TEST(Config, EveryKeyIsRead) {
  const Config config = parse_config(R"(
threads = 3
check = true
log_level = "warning"
cache_directory = "cache"
[model]
name = "vgg16"
features_only = true
seed = 9007199254740993
fit = "letterbox"
pad = [1, 2, 255]
channels = "bgr"
pixel_range = 255
mean = [103.53, 116.28, 123]
std = 57.5
transform_input = false
frame_size = [240, 360]
[[workers]]
address = "pi-1.local:1"
listen = "0.0.0.0:65535"
[[workers]]
address = "[fe80::1%eth0]:7702"
threads = 2
[trainer]
address = "localhost:7700"
[video]
source = "cars.mp4"
frames = 200
realtime = true
loop = true
rtsp_transport = "udp"
deadband = 4
gate = 6
refresh = 0.25
[schedule]
scheduler = "fixed"
side = "cloud"
plans = [[[1, 6], [7, 13]], [[], [1, 13]]]
group_size = 5
pending = 7
[detection]
decoder = "none"
threshold = 0.25
nms = 1
classes = ["car", 7]
labels = "things.txt"
[output]
file = "out.jsonl"
result = "checksum"
top_k = 3
[net]
mode = "full"
compress = false
values = "float16"
heartbeat_s = 2
timeout_s = 4.5

[engine]
keep = 200
)",
                                     "/etc/edge/config.toml");
  EXPECT_EQ(config.file, "/etc/edge/config.toml");
  EXPECT_EQ(config.threads, 3);
  EXPECT_TRUE(config.check);
  EXPECT_EQ(config.log_level, "warning");
  EXPECT_EQ(config.cache_directory, "/etc/edge/cache");
  EXPECT_EQ(config.model.name, "vgg16");
  EXPECT_TRUE(config.model.features_only);
  EXPECT_EQ(config.model.seed, 9007199254740993U);
  EXPECT_EQ(config.model.preprocessing, (Preprocessing{.fit = Fit::letterbox,
                                                       .pad = {1, 2, 255},
                                                       .channels = ChannelOrder::bgr,
                                                       .pixel_range = 255,
                                                       .mean = {{103.53, 116.28, 123}},
                                                       .deviation = {{57.5, 57.5, 57.5}}}));
  EXPECT_FALSE(config.model.transform_input);
  EXPECT_EQ(config.model.rows, 240);
  EXPECT_EQ(config.model.columns, 360);
  EXPECT_EQ(config.workers[0].address, (Address{"pi-1.local", 1}));
  EXPECT_EQ(config.workers[0].listen, (Address{"0.0.0.0", 65535}));
  EXPECT_EQ(config.workers[0].threads, 3) << "the top-level threads";
  EXPECT_EQ(config.workers[1].address, (Address{"fe80::1%eth0", 7702}));
  EXPECT_EQ(config.workers[1].threads, 2);
  EXPECT_EQ(config.trainer.address, (Address{"localhost", 7700}));
  EXPECT_EQ(config.video.source, "/etc/edge/cars.mp4");
  EXPECT_EQ(config.video.frames, 200U);
  EXPECT_TRUE(config.video.realtime);
  EXPECT_TRUE(config.video.loop);
  EXPECT_EQ(config.video.rtsp_transport, RtspTransport::udp);
  EXPECT_EQ(config.video.hold.deadband, 4);
  EXPECT_EQ(config.video.hold.gate, 6);
  EXPECT_EQ(config.video.hold.refresh, 0.25);
  EXPECT_EQ(config.schedule.scheduler, "fixed");
  EXPECT_EQ(config.schedule.side, "cloud");
  ASSERT_EQ(config.schedule.plans.size(), 2U);
  EXPECT_EQ(config.schedule.plans[0][1], (std::pair{7, 13}));
  EXPECT_FALSE(config.schedule.plans[1][0]);
  EXPECT_EQ(config.schedule.group_size, 5);
  EXPECT_EQ(config.schedule.pending, 7);
  EXPECT_EQ(config.detection.decoder, "none");
  EXPECT_EQ(config.detection.threshold, 0.25F);
  EXPECT_EQ(config.detection.nms, 1.0F);
  ASSERT_EQ(config.detection.classes.size(), 2U);
  EXPECT_EQ(config.detection.classes[0].name, "car");
  EXPECT_EQ(config.detection.classes[1].name, "");
  EXPECT_EQ(config.detection.classes[1].index, 7);
  EXPECT_NE(config.detection.classes[1].where.find(": detection.classes[1]"), std::string::npos);
  EXPECT_EQ(config.detection.labels, "/etc/edge/things.txt");
  EXPECT_EQ(config.output.file, "/etc/edge/out.jsonl");
  EXPECT_EQ(config.output.result, ResultKind::checksum);
  EXPECT_EQ(config.output.top_k, 3);
  EXPECT_EQ(config.net.mode, Mode::full);
  EXPECT_FALSE(config.net.compress);
  EXPECT_EQ(config.net.values, ValueFormat::float16);
  EXPECT_EQ(config.net.heartbeat.count(), 2000);
  EXPECT_EQ(config.net.timeout.count(), 4500);
  EXPECT_EQ(config.engine.keep_bytes, std::uint64_t{200} << 20);
}

TEST(Config, MemoryForOutputsIsANumberOrAuto) {
  EXPECT_FALSE(
      parse_config(config_of_two_workers + "[engine]\nkeep = 'auto'\n", "config.toml").engine.keep_bytes);
  EXPECT_EQ(parse_config(config_of_two_workers + "[engine]\nkeep = 0\n", "config.toml").engine.keep_bytes,
            0U);
  EXPECT_EQ(message_after_workers("[engine]\nkeep = 'much'\n"),
            "config.toml:6: engine.keep: expected \"auto\" or megabytes from 0 to 1048576, found 'much'");
  EXPECT_EQ(message_after_workers("[engine]\nkeep = true\n"),
            "config.toml:6: engine.keep: expected \"auto\" or megabytes from 0 to 1048576, found a boolean");
  EXPECT_EQ(message_after_workers("[engine]\nkeep = -1\n"),
            "config.toml:6: engine.keep: expected \"auto\" or megabytes from 0 to 1048576, found -1");
  EXPECT_EQ(message_after_workers("[engine]\nkeep = [1, 2]\n"),
            "config.toml:6: engine.keep: expected \"auto\" or megabytes from 0 to 1048576, found 1, 2");
}

TEST(Config, WeightsAndLabelsLieBesideTheConfig) {
  const std::string text =
      config_of_two_workers + "[model]\nweights = 'vgg16.pth'\nlabels = '/data/labels.txt'\n";
  const Config config = parse_config("cache_directory = 'cache'\n" + text, "/etc/edge/config.toml");
  EXPECT_EQ(config.model.weights, "/etc/edge/vgg16.pth");
  EXPECT_EQ(config.model.labels, "/data/labels.txt");
  EXPECT_EQ(config.model.cache_directory, "/etc/edge/cache");
  const Config none = parse_config(config_of_two_workers, "/etc/edge/config.toml");
  EXPECT_EQ(none.model.weights, "");
  EXPECT_EQ(none.model.labels, "");
}

TEST(Config, StreamsAreNotFiles) {
  for (const char* source : {"-", "rtsp://10.0.0.2/live", "synthetic:street?seed=1", "/dev/video0"}) {
    const std::string text = config_of_two_workers + "[video]\nsource = '" + source + "'\n";
    EXPECT_EQ(parse_config(text, "/etc/edge/config.toml").video.source, source);
  }
}

TEST(Config, CacheDirectoryFollowsTheEnvironment) {
  const auto directory = [] {
    return parse_config(config_of_two_workers, "config.toml").cache_directory.string();
  };
  const char* xdg_before = std::getenv("XDG_CACHE_HOME");
  const char* home_before = std::getenv("HOME");
  const std::string xdg = xdg_before != nullptr ? xdg_before : "";
  const std::string home = home_before != nullptr ? home_before : "";
  setenv("XDG_CACHE_HOME", "/cache", 1);
  setenv("HOME", "/home/pi", 1);
  EXPECT_EQ(directory(), "/cache/edge");
  setenv("XDG_CACHE_HOME", "relative: to be ignored by its specification", 1);
  EXPECT_EQ(directory(), "/home/pi/.cache/edge");
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  EXPECT_EQ(directory(), "/var/tmp/edge");
  if (xdg_before != nullptr) {
    setenv("XDG_CACHE_HOME", xdg.c_str(), 1);
  }
  if (home_before != nullptr) {
    setenv("HOME", home.c_str(), 1);
  }
}

TEST(Config, TheShippedFileIsValidAndMatchesTheDefaults) {
  const Config shipped = load_config(source_directory / "config.toml");
  const Config defaults = parse_config(config_of_two_workers, source_directory / "config.toml");
  EXPECT_EQ(shipped.model.name, defaults.model.name);
  EXPECT_EQ(shipped.model.seed, defaults.model.seed);
  EXPECT_EQ(shipped.workers.size(), defaults.workers.size());
  EXPECT_EQ(shipped.workers[0].address, defaults.workers[0].address);
  EXPECT_EQ(shipped.workers[1].address, defaults.workers[1].address);
  EXPECT_EQ(std::filesystem::weakly_canonical(shipped.video.source),
            std::filesystem::weakly_canonical(source_directory / defaults.video.source));
  EXPECT_EQ(shipped.schedule.scheduler, defaults.schedule.scheduler);
  EXPECT_EQ(shipped.schedule.group_size, defaults.schedule.group_size);
  EXPECT_EQ(shipped.schedule.pending, defaults.schedule.pending);
  EXPECT_EQ(shipped.output.top_k, defaults.output.top_k);
  EXPECT_EQ(shipped.net.timeout, defaults.net.timeout);
  EXPECT_EQ(shipped.log_level, defaults.log_level);
}

TEST(Config, EveryKeyIsExplained) {
  const std::string sample = read_text(source_directory / "config.toml");
  const std::string page = read_text(source_directory / "docs/configuration.md");
  for (const KnownKey& known : known_keys()) {
    EXPECT_NE(sample.find(std::string(known.key) + " = "), std::string::npos)
        << known.key << " in config.toml";
    EXPECT_NE(page.find("| `" + std::string(known.key) + "` |"), std::string::npos)
        << known.key << " in docs/configuration.md";
  }
}

}  // namespace
}  // namespace edge
