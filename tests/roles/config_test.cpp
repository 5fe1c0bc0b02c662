// config.toml: what is accepted, and the exact line that each mistake gives.
#include "roles/config/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "engine/error.h"
#include "roles/config/known_keys.h"

namespace edge {
namespace {

const std::string config_of_two_workers =
    "[[workers]]\naddress = '127.0.0.1:7701'\n"
    "[[workers]]\naddress = '127.0.0.1:7702'\n";

std::string message_of(const std::string& text) {
  try {
    parse_config(text, "config.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

/// `text` follows two valid workers, so its first line is line 5.
std::string message_after_workers(const std::string& text) {
  return message_of(config_of_two_workers + text);
}

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
  EXPECT_EQ(config.net.heartbeat.count(), 1000);
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

TEST(Config, ANamedDecoderIsThatOfADetector) {
  const auto fit = [](const std::string& lines) {
    return parse_config(config_of_two_workers + lines, "config.toml").model.preprocessing.fit;
  };
  EXPECT_EQ(fit("[detection]\ndecoder = 'yolov5'\n"), Fit::letterbox);
  EXPECT_EQ(fit("[model]\nfit = 'crop'\n[detection]\ndecoder = 'yolov5'\n"), Fit::crop);
  EXPECT_EQ(fit("[detection]\ndecoder = 'none'\n"), std::nullopt) << "the network's outputs tell";
}

TEST(Config, UnknownKeysGetASuggestion) {
  EXPECT_EQ(message_after_workers("[schedule]\nscheduller = 'fixed'\n"),
            "config.toml:6: unknown key 'scheduller' in [schedule]; did you mean 'scheduler'?");
  EXPECT_EQ(message_after_workers("[model]\nframesize = [480, 720]\n"),
            "config.toml:6: unknown key 'framesize' in [model]; did you mean 'frame_size'?");
  EXPECT_EQ(message_after_workers("adress = 'a:1'\n"),
            "config.toml:5: unknown key 'adress' in [workers]; did you mean 'address'?");
  EXPECT_EQ(message_after_workers("[vdieo]\n"), "config.toml:5: unknown key 'vdieo'; did you mean 'video'?");
  EXPECT_EQ(message_after_workers("[video]\nxyzzy = 1\n"),
            "config.toml:6: unknown key 'xyzzy' in [video]; known here: source, frames, realtime, loop, "
            "rtsp_transport, deadband, gate, refresh");
}

TEST(Config, KeysInTheWrongTable) {
  EXPECT_EQ(message_after_workers("[model]\npending = 3\n"),
            "config.toml:6: unknown key 'pending' in [model]; it belongs in [schedule]");
  EXPECT_EQ(message_after_workers("[net]\ncheck = true\n"),
            "config.toml:6: unknown key 'check' in [net]; it belongs in front of the first [table]");
}

TEST(Config, NotToml) {
  EXPECT_EQ(message_of("a = \n").substr(0, 32), "config.toml:1: not valid TOML: E");
  EXPECT_EQ(message_of("[model]\nseed = 1\nseed = 2\n").substr(0, 31), "config.toml:3: not valid TOML: ");
  EXPECT_EQ(message_of("x = \"\xff\"\n").substr(0, 31), "config.toml:1: not valid TOML: ");
  EXPECT_EQ(message_of("\n[~x]\n").substr(0, 31), "config.toml:2: not valid TOML: ")
      << "an assertion of toml++";
  EXPECT_EQ(message_of("\n[1eĒan").substr(0, 31), "config.toml:2: not valid TOML: ") << "undefined in toml++";
  std::string dotted = "a";
  for (int i = 0; i < 5000; ++i) {
    dotted += ".a";
  }
  EXPECT_EQ(message_of(dotted + " = 1").substr(0, 32), "config.toml:1: unknown key 'a'; ");
  EXPECT_EQ(message_of("." + dotted + " = 1"), "config.toml: more than 5000 dots; this is no config file");
  EXPECT_EQ(message_of(std::string((1U << 20) + 1, '#')),
            "config.toml: larger than 1048576 bytes; this is no config file");
  EXPECT_NE(message_of("x = " + std::string(5000, '[')), "accepted");
}

TEST(Config, WrongTypes) {
  EXPECT_EQ(message_of("threads = 'four'\n" + config_of_two_workers),
            "config.toml:1: threads: expected an integer from 0 to 1024, found a string");
  EXPECT_EQ(message_of("check = 1\n" + config_of_two_workers),
            "config.toml:1: check: expected true or false, found an integer");
  EXPECT_EQ(message_after_workers("[schedule]\ngroup_size = 2.5\n"),
            "config.toml:6: schedule.group_size: expected an integer from 1 to 1000, found a number with a "
            "fraction");
  EXPECT_EQ(message_after_workers("[video]\nsource = 0\n"),
            "config.toml:6: video.source: expected a string in quotes, found an integer");
  EXPECT_EQ(message_after_workers("[net]\ntimeout_s = 'long'\n"),
            "config.toml:6: net.timeout_s: expected a number from 0.1 to 3600, found a string");
  EXPECT_EQ(message_after_workers("[output]\ntop_k = 2024-01-01\n"),
            "config.toml:6: output.top_k: expected an integer from 1 to 1000, found a date or time");
  EXPECT_EQ(message_of("video = 'a.mp4'\n" + config_of_two_workers),
            "config.toml:1: video: expected a table, [video], found a string");
  EXPECT_EQ(message_after_workers("[[net]]\nmode = 'full'\n"),
            "config.toml:5: net: expected a table, [net], found an array of tables; write it once");
  EXPECT_EQ(message_after_workers("[video]\nsource = \"a\\nb\"\n"),
            "config.toml:6: video.source: 'a\\nb' contains a control character");
  EXPECT_EQ(message_after_workers("[output]\nfile = ''\n"),
            "config.toml:6: output.file: must not be empty; leave the key out for its default");
}

TEST(Config, Ranges) {
  EXPECT_EQ(message_after_workers("[video]\nframes = -1\n"),
            "config.toml:6: video.frames: expected an integer of at least 0, found -1");
  EXPECT_EQ(message_after_workers("[video]\ndeadband = 256\n"),
            "config.toml:6: video.deadband: expected an integer from 0 to 255, found 256");
  EXPECT_EQ(message_after_workers("[schedule]\npending = 0\n"),
            "config.toml:6: schedule.pending: expected an integer from 1 to 64, found 0");
  EXPECT_EQ(message_after_workers("[schedule]\npending = 65\n"),
            "config.toml:6: schedule.pending: expected an integer from 1 to 64, found 65");
  EXPECT_EQ(message_after_workers("[schedule]\ngroup_size = 1001\n"),
            "config.toml:6: schedule.group_size: expected an integer from 1 to 1000, found 1001");
  EXPECT_EQ(message_after_workers("[net]\nheartbeat_s = nan\n"),
            "config.toml:6: net.heartbeat_s: expected a number from 0.05 to 600, found nan");
  EXPECT_EQ(
      message_after_workers("[net]\nheartbeat_s = 3\n"),
      "config.toml:5: net.timeout_s: the timeout, 5 s, must be at least twice heartbeat_s, 3 s, or idle "
      "connections would be given up");
}

TEST(Config, LargeIntegers) {
  const auto seed = [](const std::string& number) {
    return parse_config(config_of_two_workers + "[model]\nseed = " + number + "\n", "c.toml").model.seed;
  };
  EXPECT_EQ(seed("9007199254740993"), 9007199254740993U);  // 2^53 + 1
  EXPECT_EQ(seed("9223372036854775807"), 9223372036854775807U);
  EXPECT_EQ(message_after_workers("[model]\nseed = 9223372036854775808\n").substr(0, 31),
            "config.toml:6: not valid TOML: ");
  EXPECT_EQ(message_after_workers("bandwidth = 9007199254740993\n"),
            "config.toml:5: workers[1].bandwidth: expected a number from 1000 to 1000000000000, found "
            "9007199254740993");
  EXPECT_EQ(message_after_workers("[net]\nheartbeat_s = -9223372036854775808\n").substr(0, 36),
            "config.toml:6: net.heartbeat_s: expe");
  EXPECT_EQ(message_after_workers("[video]\nsource = 'a.rgb'\ndeadband = 9007199254740993\n"),
            "config.toml:7: video.deadband: expected an integer from 0 to 255, found 9007199254740993");
}

TEST(Config, FrameSize) {
  const auto with_size = [](const std::string& size) {
    return message_after_workers("[model]\nframe_size = " + size + "\n");
  };
  EXPECT_EQ(with_size("[16384, 1]"), "accepted");
  EXPECT_EQ(with_size("[0, 720]"),
            "config.toml:6: model.frame_size[0]: expected an integer from 1 to 16384, found 0");
  EXPECT_EQ(with_size("[480, 16385]"),
            "config.toml:6: model.frame_size[1]: expected an integer from 1 to 16384, found 16385");
  EXPECT_EQ(
      with_size("[16384, 16384]"),
      "config.toml:6: model.frame_size: 16384 x 16384 is 268 million pixels; at most 64 million are allowed");
  EXPECT_EQ(with_size("[480]"), "config.toml:6: model.frame_size: expected [rows, columns], found 1 values");
  EXPECT_EQ(with_size("480"), "config.toml:6: model.frame_size: expected [rows, columns], found an integer");
}

TEST(Config, Choices) {
  EXPECT_EQ(message_after_workers("[net]\nmode = 'dleta'\n"),
            "config.toml:6: net.mode: expected one of full, delta, found 'dleta'; did you mean 'delta'?");
  EXPECT_EQ(message_after_workers("[schedule]\nside = 'left'\n"),
            "config.toml:6: schedule.side: expected one of edge, cloud, found 'left'");
  EXPECT_NE(
      message_after_workers("[model]\nname = 'alexnit'\n").find("found 'alexnit'; did you mean 'alexnet'?"),
      std::string::npos);
  EXPECT_NE(message_after_workers("[schedule]\nscheduler = 'magic'\n")
                .find("expected one of data_aware, neighborhood_search, load_balance, one_side, fixed"),
            std::string::npos);
}

TEST(Config, Detection) {
  const Config config = parse_config(config_of_two_workers, "config.toml");
  EXPECT_EQ(config.detection.decoder, "auto");
  EXPECT_FALSE(config.detection.threshold);
  EXPECT_FALSE(config.detection.nms);
  EXPECT_TRUE(config.detection.classes.empty());
  EXPECT_EQ(config.detection.labels, "");
  const auto message = [](const std::string& line) {
    return message_after_workers("[detection]\n" + line + "\n");
  };
  EXPECT_EQ(message("decoder = 'non'").find("config.toml:6: detection.decoder: expected one of auto, "), 0U);
  EXPECT_NE(message("decoder = 'non'").find("found 'non'; did you mean 'none'?"), std::string::npos);
  EXPECT_EQ(message("threshold = 35"),
            "config.toml:6: detection.threshold: expected a number from 0 to 1, found 35");
  EXPECT_EQ(message("nms = -0.1"), "config.toml:6: detection.nms: expected a number from 0 to 1, found -0.1");
  EXPECT_EQ(message("classes = 'car'"),
            "config.toml:6: detection.classes: expected [class, class, ...], found a string");
  EXPECT_EQ(message("classes = [0, -1]"),
            "config.toml:6: detection.classes[1]: expected an integer from 0 to 1000000, found -1");
  EXPECT_EQ(
      message("classes = [0.5]"),
      "config.toml:6: detection.classes[0]: expected a class, its name in quotes or its number, from 0");
  EXPECT_EQ(message("classes = ['']"), "config.toml:6: detection.classes[0]: must not be empty");
  EXPECT_EQ(message("treshold = 0.5"),
            "config.toml:6: unknown key 'treshold' in [detection]; did you mean 'threshold'?");
  EXPECT_EQ(message("top_k = 5"),
            "config.toml:6: unknown key 'top_k' in [detection]; it belongs in [output]");
}

TEST(Config, Workers) {
  EXPECT_EQ(message_of(""), "config.toml: no [[workers]]; a chain needs at least one");
  EXPECT_EQ(message_of("workers = []\n"), "config.toml: no [[workers]]; a chain needs at least one");
  EXPECT_EQ(message_of("[workers]\naddress = 'a:1'\n"),
            "config.toml:1: workers: expected [[workers]], once per worker, found a table");
  EXPECT_EQ(message_of("workers = ['a:1']\n"),
            "config.toml:1: workers[0]: expected [[workers]], once per worker");
  EXPECT_EQ(message_of("[[workers]]\nthreads = 1\n"),
            "config.toml:1: workers[0].address: missing; write host:port");
  EXPECT_EQ(message_after_workers("[[workers]]\naddress = 'LOCALHOST:7702'\n"),
            "config.toml:6: workers[2].address: 'LOCALHOST:7702' is already the address of workers[1]");
  EXPECT_EQ(message_after_workers("[trainer]\naddress = '127.0.0.1:7701'\n"),
            "config.toml:6: trainer.address: '127.0.0.1:7701' is already the address of workers[0]; give the "
            "trainer "
            "its own port");
  EXPECT_EQ(
      message_of("[[workers]]\naddress = '0.0.0.0:7701'\n"),
      "config.toml:2: workers[0].address: '0.0.0.0:7701' cannot be reached from other devices; write the "
      "device's own address here, and this one as 'listen'");
  std::string many;
  for (int i = 0; i < 65; ++i) {
    many += "[[workers]]\naddress = 'pi:" + std::to_string(7000 + i) + "'\n";
  }
  EXPECT_NE(message_of(many).find("workers: 65 workers; at most 64 are allowed"), std::string::npos);
}

TEST(Config, Plans) {
  const auto with = [](const std::string& keys) {
    return message_after_workers("[schedule]\nscheduler = 'fixed'\n" + keys + "\n");
  };
  EXPECT_EQ(with("plan = [[1, 6], [7, 13]]"), "accepted");
  EXPECT_EQ(with("plan = [[], [1, 13]]"), "accepted");
  EXPECT_EQ(with("plan = [[1, 13], []]"), "accepted");
  EXPECT_EQ(with(""),
            "config.toml:6: schedule.scheduler: 'fixed' needs a plan; add plan = [[1, 6], [7, 13]] or plans "
            "= [...] to [schedule]");
  EXPECT_EQ(with("plan = [[1, 6], [8, 13]]"),
            "config.toml:7: schedule.plan: worker 1 must begin with layer 7, not 8; "
            "otherwise layers are skipped");
  EXPECT_EQ(with("plan = [[1, 6], [6, 13]]"),
            "config.toml:7: schedule.plan: worker 1 must begin with layer 7, not 6; "
            "otherwise layers are run twice");
  EXPECT_EQ(with("plan = [[1, 6]]"),
            "config.toml:7: schedule.plan: has 1 layer ranges, but there are 2 workers; give "
            "each one range, [] for no layers");
  EXPECT_EQ(with("plan = [[1, 6], [7, 5]]"),
            "config.toml:7: schedule.plan: worker 1 ends with layer 5, in front of "
            "its first, 7; for no layers write []");
  EXPECT_EQ(with("plan = [[], []]"), "config.toml:7: schedule.plan: no worker has any layers");
  EXPECT_EQ(with("plan = [[1, 6], 7]"),
            "config.toml:7: schedule.plan[1]: expected [first, last], or [] for no layers, found an integer");
  EXPECT_EQ(with("plan = [[1, 6], [7]]"),
            "config.toml:7: schedule.plan[1]: expected [first, last], or [] for no layers, found 1 values");
  EXPECT_EQ(with("plan = [[0, 6], [7, 13]]"),
            "config.toml:7: schedule.plan[0]: expected an integer from 1 to 1000000, found 0");
  EXPECT_EQ(with("plans = [[[1, 6], [7, 13]],\n         [[1, 6], [9, 13]]]"),
            "config.toml:8: schedule.plans[1]: worker 1 must begin with layer 7, not 9; otherwise layers are "
            "skipped");
  EXPECT_EQ(with("plan = [[1, 13], []]\nplans = []"),
            "config.toml:8: schedule.plans: give either plan or plans, not both");
}

TEST(Config, MessagesStayOnOneShortLine) {
  const std::string message = message_after_workers("[net]\nmode = \"" + std::string(5000, 'x') + "\\n\"\n");
  EXPECT_LT(message.size(), 200U);
  const std::string key = message_after_workers("[net]\n\"a\\n\\u0007" + std::string(5000, 'x') + "\" = 1\n");
  EXPECT_EQ(key.substr(0, 40), "config.toml:6: unknown key 'a\\n\\x07xxxxx");
  EXPECT_LT(key.size(), 250U);
}

TEST(Config, FilesThatCannotBeRead) {
  const auto message = [](const std::filesystem::path& file) -> std::string {
    try {
      load_config(file);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message("/nowhere/config.toml"),
            "/nowhere/config.toml: No such file or directory; name the config file with -c FILE");
  EXPECT_EQ(message("/"), "/: is a directory, not a config file");
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
