#include "engine/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>

#include "engine/error.h"

namespace edge {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public testing::Test {
 protected:
  OutputFileTest() {
    std::string name = (fs::temp_directory_path() / "output_file.XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~OutputFileTest() override { fs::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  static void put(const std::string& file, const std::string& text) { std::ofstream(file) << text; }
  static std::string get(const std::string& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(directory_), {}); }
  static std::string refusal(const std::string& file) {
    try {
      OutputFile{file};
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  fs::path directory_;
};

TEST_F(OutputFileTest, ReplacesAFileAsAWhole) {
  put(path("y"), "old and longer");
  OutputFile file(path("y"));
  EXPECT_EQ(get(path("y")), "old and longer") << "nothing changes before there is a result";
  file.write("new");
  EXPECT_EQ(get(path("y")), "new");
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFileTest, KeepsTheOldContentWhenTheNewOneFails) {
  put(path("y"), "old");
  OutputFile file(path("y"));
  EXPECT_THROW(file.write([](std::ostream& stream) {
    stream << "half";
    throw Error("no more");
  }),
               Error);
  EXPECT_EQ(get(path("y")), "old");
  EXPECT_EQ(files(), 1) << "the unfinished file is left behind";
}

TEST_F(OutputFileTest, LinksStayLinks) {
  put(path("target"), "old");
  fs::create_symlink("target", path("link"));
  fs::create_symlink("later", path("dangling"));
  OutputFile(path("link")).write("new");
  OutputFile(path("dangling")).write("made");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_TRUE(fs::is_symlink(path("dangling")));
  EXPECT_EQ(get(path("target")), "new");
  EXPECT_EQ(get(path("later")), "made");
}

TEST_F(OutputFileTest, PermissionsStay) {
  put(path("y"), "old");
  fs::permissions(path("y"), fs::perms::owner_read | fs::perms::owner_write);
  OutputFile(path("y")).write("new");
  EXPECT_EQ(fs::status(path("y")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(OutputFileTest, DevicesAreWrittenToAndNotReplaced) {
  OutputFile("/dev/null").write("gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  fs::create_symlink("/dev/null", path("link"));
  OutputFile(path("link")).write("gone");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  OutputFile full("/dev/full");
  try {
    full.write("does not fit");
    FAIL() << "a full device";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "/dev/full: cannot be written: No space left on device");
  }
}

TEST_F(OutputFileTest, PipesAreWrittenTo) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  OutputFile(path("pipe")).write("through");
  char text[16] = {};
  EXPECT_EQ(::read(reader, text, sizeof text), 7);
  EXPECT_STREQ(text, "through");
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  ::close(reader);
}

TEST_F(OutputFileTest, AnInheritedDescriptorIsNotReplaced) {
  put(path("log"), "before ");
  const int descriptor = ::open(path("log").c_str(), O_WRONLY | O_APPEND);
  OutputFile("/dev/fd/" + std::to_string(descriptor)).write("behind");
  ::close(descriptor);
  EXPECT_EQ(get(path("log")), "before behind");
}

TEST_F(OutputFileTest, RefusesAtOnceWhatCannotBeWritten) {
  EXPECT_EQ(refusal(path("none/y")), path("none/y") + ": cannot be written: No such file or directory");
  EXPECT_FALSE(fs::exists(path("none"))) << "directories are not made";
  EXPECT_EQ(refusal(directory_.string()), directory_.string() + ": cannot be written: Is a directory");
  EXPECT_NE(refusal("/proc/nope").find("/proc/nope: cannot be written"), std::string::npos);
  put(path("file"), "");
  EXPECT_NE(refusal(path("file/y")).find("Not a directory"), std::string::npos);
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFileTest, DirectoriesAreMadeInOthersOnly) {
  check_output_directory(path("new"));
  EXPECT_FALSE(fs::exists(path("new"))) << "only a question";
  make_output_directory(path("new"));
  EXPECT_TRUE(fs::is_directory(path("new")));
  make_output_directory(path("new"));
  EXPECT_THROW(check_output_directory(path("none/new")), Error);
  EXPECT_THROW(make_output_directory(path("none/new")), Error);
  EXPECT_FALSE(fs::exists(path("none")));
  put(path("file"), "");
  EXPECT_THROW(check_output_directory(path("file")), Error);
  EXPECT_THROW(make_output_directory(path("file")), Error);
}

}  // namespace
}  // namespace edge
