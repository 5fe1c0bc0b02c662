// config.toml: the exact line that each mistake gives.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/roles/config_support.h"

namespace edge {
namespace {

using test::config_of_two_workers;
using test::message_after_workers;
using test::message_of;

TEST(ConfigMistakes, UnknownKeysGetASuggestion) {
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

TEST(ConfigMistakes, KeysInTheWrongTable) {
  EXPECT_EQ(message_after_workers("[model]\npending = 3\n"),
            "config.toml:6: unknown key 'pending' in [model]; it belongs in [schedule]");
  EXPECT_EQ(message_after_workers("[net]\ncheck = true\n"),
            "config.toml:6: unknown key 'check' in [net]; it belongs in front of the first [table]");
}

TEST(ConfigMistakes, NotToml) {
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

TEST(ConfigMistakes, WrongTypes) {
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

TEST(ConfigMistakes, Ranges) {
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
      "config.toml:5: net.timeout_s: the timeout, 2 s, must be at least twice heartbeat_s, 3 s, or idle "
      "connections would be given up");
}

TEST(ConfigMistakes, LargeIntegers) {
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

TEST(ConfigMistakes, FrameSize) {
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

TEST(ConfigMistakes, Choices) {
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

TEST(ConfigMistakes, Detection) {
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

TEST(ConfigMistakes, Workers) {
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

TEST(ConfigMistakes, Plans) {
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

TEST(ConfigMistakes, MessagesStayOnOneShortLine) {
  const std::string message = message_after_workers("[net]\nmode = \"" + std::string(5000, 'x') + "\\n\"\n");
  EXPECT_LT(message.size(), 200U);
  const std::string key = message_after_workers("[net]\n\"a\\n\\u0007" + std::string(5000, 'x') + "\" = 1\n");
  EXPECT_EQ(key.substr(0, 40), "config.toml:6: unknown key 'a\\n\\x07xxxxx");
  EXPECT_LT(key.size(), 250U);
}

TEST(ConfigMistakes, FilesThatCannotBeRead) {
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

}  // namespace
}  // namespace edge
