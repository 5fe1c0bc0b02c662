// Network cameras: ones that reboot, come late, speak UDP only, want a password.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/error.h"
#include "roles/video/frame_source.h"
#include "tests/captured_log.h"
#include "tests/end_to_end/chain_fixture.h"
#include "tests/end_to_end/rtsp_camera.h"

namespace edge::test {
namespace {

class Camera : public ChainFixture {
 protected:
  /// 64x48, one slice per picture, no pictures that wait for others.
  std::string h264() const {
    const std::string file = (directory_.path() / "camera.h264").string();
    const std::string command =
        "ffmpeg -nostdin -v error -y -f lavfi -i testsrc=s=64x48:r=10:d=2 -c:v libx264 -threads 1 -bf 0 -g 5 "
        "-f h264 " +
        file;
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read_file(file);
  }
  std::unique_ptr<FrameSource> open(const std::string& address,
                                    RtspTransport transport = RtspTransport::automatic) const {
    return open_frame_source({.source = address,
                              .rows = 24,
                              .columns = 32,
                              .rtsp_transport = transport,
                              .stop = stop_.get_token()});
  }
  /// Stops the open sources as soon as `said` is in the log, or after 20 s.
  std::thread stop_when(const CapturedLog& log, const std::string& said) {
    return std::thread([this, &log, said] {
      for (int tenths = 0; tenths < 200 && !log.contains(said); ++tenths) std::this_thread::sleep_for(100ms);
      stop_.request_stop();
    });
  }

  std::stop_source stop_;
};

TEST_F(Camera, IsOpenedAgainWhenItsStreamEnds) {
  CapturedLog log;
  const RtspCamera camera(h264(), {.frames = 10});
  const auto source = open(camera.address());
  EXPECT_TRUE(source->live());
  double last = -1;
  for (int frame = 0; frame < 25; ++frame) {
    ASSERT_TRUE(source->next()) << frame;
    ASSERT_GE(*source->times().video_s, last);
    last = *source->times().video_s;
  }
  EXPECT_GT(last, 2) << "the pauses count";
  EXPECT_EQ(log.lines().size(), 4U) << log.text();
  EXPECT_TRUE(log.contains("warning: lost " + camera.address() + " after 10 frames: ")) << log.text();
  EXPECT_TRUE(log.contains("(lost 1 time so far)")) << log.text();
  EXPECT_TRUE(log.contains("(lost 2 times so far)")) << log.text();
}

TEST_F(Camera, IsWaitedForUntilItIsThere) {
  CapturedLog log;
  const std::string stream = h264();
  const std::uint16_t port = free_ports(1).front();
  const std::string address = fmt::format("rtsp://127.0.0.1:{}/stream", port);
  const auto source = open(address);
  std::optional<RtspCamera> camera;
  std::thread starter([&] {
    while (!log.contains("waiting for")) std::this_thread::sleep_for(10ms);
    camera.emplace(stream, RtspCameraOptions{.port = port});
  });
  EXPECT_TRUE(source->next());
  starter.join();
  EXPECT_EQ(log.lines(),
            (std::vector<std::string>{"warning: waiting for " + address + " (Connection refused)",
                                      "info: " + address + " is here"}));
}

TEST_F(Camera, MaySpeakUdpOnly) {
  CapturedLog log;
  const RtspCamera camera(h264(), {.frames = 100, .udp_only = true});
  EXPECT_TRUE(open(camera.address())->next());
  EXPECT_TRUE(open(camera.address(), RtspTransport::udp)->next());
  EXPECT_EQ(log.text(), "");
  std::thread stopper = stop_when(log, "waiting for");
  EXPECT_FALSE(open(camera.address(), RtspTransport::tcp)->next()) << "it was told to";
  stopper.join();
  EXPECT_TRUE(log.contains("waiting for " + camera.address() + " (")) << log.text();
}

TEST_F(Camera, TellsWhenAFrameWasCaptured) {
  // Decoding begins when the next frame is there: at 4 frames per second what next() returns is old.
  const RtspCamera camera(h264(), {.frames = 12, .frames_per_second = 4});
  const auto source = open(camera.address());
  for (std::size_t frame = 0; frame < 8; ++frame) {
    ASSERT_TRUE(source->next());
    if (frame < 3) continue;  // the first have waited for the stream to be analysed
    const auto late = *source->times().captured - camera.sent()[frame];
    EXPECT_LT(late, 200ms) << frame;
    EXPECT_GT(late, -50ms) << frame;
  }
}

TEST_F(Camera, SaysThatThePasswordIsWrong) {
  const RtspCamera camera(h264(), {.credentials = "admin:geheim"});
  try {
    open(camera.address("admin:falschgeraten"))->next();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_EQ(what.find(camera.address("***") + ": "), 0U) << what;
    EXPECT_NE(what.find("401 Unauthorized"), std::string::npos) << what;
    EXPECT_EQ(what.find("falsch"), std::string::npos) << what;
  }
  try {
    open("rtsp://admin:ge#heim@127.0.0.1/stream");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "rtsp://***@127.0.0.1/stream: not a valid address: in a password write %23 for '#', %2F for '/', "
        "%3F for '?', %40 for '@'");
  }
}

TEST_F(Camera, KeepsItsPasswordToItself) {
  const RtspCamera camera(h264(), {.frames = 1000, .credentials = "admin:geheim"});
  const std::string config = write_config({.schedule = "scheduler = \"data_aware\""});
  const auto local = start("local", edge_command({"local", "-c", config, "--frames", "5", "--video",
                                                  camera.address("admin:geheim") + "?pwd=auchgeheim"}));
  EXPECT_EQ(local->wait(60s), 0) << local->errors();
  EXPECT_EQ(local->output().find("geheim"), std::string::npos) << local->output();
  EXPECT_EQ(local->errors().find("geheim"), std::string::npos) << local->errors();
}

}  // namespace
}  // namespace edge::test
