#include "net/secret.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "tests/error_of.h"

namespace edge::net {
namespace {

class SecretTest : public ::testing::Test {
 protected:
  SecretTest() {
    std::string name = (std::filesystem::temp_directory_path() / "edge-secret-XXXXXX").string();
    directory_ = mkdtemp(name.data());
  }
  ~SecretTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path write(const std::string& text, mode_t mode = 0600) const {
    const std::filesystem::path file = directory_ / "edge.secret";
    std::ofstream(file) << text;
    EXPECT_EQ(::chmod(file.c_str(), mode), 0);
    return file;
  }
  static std::string refusal_of(const std::filesystem::path& file) {
    return edge::test::error_of([&] { (void)Secret::load(file); });
  }
  static bool says(const std::string& message, const std::string& part) {
    return message.find(part) != std::string::npos;
  }

  const std::string sound_ = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
  std::filesystem::path directory_;
};

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

// By Python's hmac, as RFC 5869 says: the secret is bytes 0 to 31.
TEST_F(SecretTest, KeysAreThoseOfHkdf) {
  const Secret secret = Secret::parse(sound_);
  EXPECT_EQ(hex(secret.key("edge tls 1.3 psk 1")),
            "0df90d7c4b8df8c9a19cc4dfb095067c4f2ab6d4b0a2cd96678ccd64e3bcac2c");
  EXPECT_EQ(hex(secret.key("")), "37ad29109f43265287804b674e2653d0a513718907f97fca97c95bded8104bbf");
}

TEST_F(SecretTest, EachIsNewAndComesBackFromItsFile) {
  const Secret one = Secret::random();
  EXPECT_NE(one.text(), Secret::random().text());
  EXPECT_EQ(one.text().size(), 45U);
  const std::filesystem::path file = directory_ / "new.secret";
  const mode_t before = ::umask(0);
  one.write_new(file);
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(Secret::load(file).text(), one.text());
}

TEST_F(SecretTest, AFileThatIsThereIsKept) {
  const std::filesystem::path file = write(sound_);
  EXPECT_TRUE(says(edge::test::error_of([&] { Secret::random().write_new(file); }), "is there already"));
  EXPECT_EQ(Secret::load(file).text(), sound_);
  const std::filesystem::path link = directory_ / "link";
  std::filesystem::create_symlink(directory_ / "nowhere", link);
  EXPECT_TRUE(says(edge::test::error_of([&] { Secret::random().write_new(link); }), "is there already"));
  EXPECT_TRUE(says(edge::test::error_of([&] { Secret::random().write_new(directory_ / "no" / "file"); }),
                   "No such file or directory"));
}

TEST_F(SecretTest, WhatIsNoSecretIsRefusedInOneLine) {
  EXPECT_TRUE(says(refusal_of(directory_ / "missing"), "edge secret"));
  EXPECT_TRUE(says(refusal_of(directory_), "a directory"));
  EXPECT_TRUE(says(refusal_of(write("")), "empty"));
  EXPECT_TRUE(says(refusal_of(write(" \n")), "empty"));
  EXPECT_TRUE(says(refusal_of(write("c2hvcnQ=\n")), "too short: 5 bytes"));
  EXPECT_TRUE(
      says(refusal_of(write("this is no secret, but a sentence of more than 44 bytes\n")), "not base64"));
  EXPECT_TRUE(says(refusal_of(write(sound_.substr(0, 30))), "not base64"));
  EXPECT_TRUE(says(refusal_of(write(sound_ + sound_)), "not base64"));
  EXPECT_TRUE(says(refusal_of(write("=" + sound_.substr(1))), "not base64"));
  EXPECT_TRUE(says(refusal_of(write(std::string(100000, 'A'))), "far too long"));
  for (const mode_t mode : {0644U, 0640U, 0604U, 0660U, 0610U}) {
    const std::string message = refusal_of(write(sound_, mode));
    EXPECT_TRUE(says(message, fmt::format("mode {:03o}", mode)) && says(message, "chmod 600")) << message;
  }
  const std::filesystem::path pipe = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(says(refusal_of(pipe), "no regular file"));
}

TEST_F(SecretTest, AFileMayBeReadOnlyAndEndAsItLikes) {
  for (const char* end : {"", "\n", "\r\n", "  \n\n"}) {
    EXPECT_EQ(Secret::load(write(sound_.substr(0, 44) + end)).text(), sound_);
  }
  EXPECT_EQ(Secret::load(write(sound_, 0400)).text(), sound_);
}

}  // namespace
}  // namespace edge::net
