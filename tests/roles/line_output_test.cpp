#include "roles/line_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/error.h"
#include "roles/standard_output.h"

namespace edge {
namespace {

class LineOutputTest : public testing::Test {
 protected:
  LineOutputTest() {
    std::string name = (std::filesystem::temp_directory_path() / "line_output.XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    file_ = (directory_ / "results.jsonl").string();
  }
  ~LineOutputTest() override { std::filesystem::remove_all(directory_); }
  std::string content() const {
    std::ifstream stream(file_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::filesystem::path directory_;
  std::string file_;
};

TEST_F(LineOutputTest, ARestartAddsToWhatIsThere) {
  LineOutput(file_, Existing::keep).write("first");
  LineOutput(file_, Existing::keep).write("second");
  EXPECT_EQ(content(), "first\nsecond\n");
  LineOutput(file_, Existing::overwrite).write("third");
  EXPECT_EQ(content(), "third\n");
}

TEST_F(LineOutputTest, ALineThatWasCutOffIsEndedFirst) {
  std::ofstream(file_) << "whole\n{\"fra";
  LineOutput(file_, Existing::keep).write("next");
  EXPECT_EQ(content(), "whole\n{\"fra\nnext\n");
}

TEST_F(LineOutputTest, OpensAtOnce) {
  const std::string nowhere = (directory_ / "no" / "such").string();
  try {
    LineOutput lines(nowhere, Existing::keep);
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(nowhere + ": cannot be written")) << error.what();
  }
  EXPECT_THROW(LineOutput("/proc/nope", Existing::keep), Error);
  EXPECT_THROW(LineOutput((directory_ / "none" / "x").string(), Existing::keep), Error);
  EXPECT_THROW(LineOutput(directory_.string(), Existing::keep), Error);
}

TEST_F(LineOutputTest, AFullDeviceIsAnError) {
  LineOutput lines("/dev/full", Existing::keep);
  try {
    lines.write("line");
    FAIL() << "a full device";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "/dev/full: cannot be written: No space left on device");
  }
}

TEST_F(LineOutputTest, AReaderThatHasGoneIsNoError) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string pipe = (directory_ / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  LineOutput lines(pipe, Existing::keep);
  lines.write("line");
  ::close(reader);
  EXPECT_THROW(lines.write("nobody reads this"), ClosedPipe);
}

}  // namespace
}  // namespace edge
