#include "engine/zip_archive.h"

#include "tests/engine/weight_file_support.h"

namespace edge {
namespace {

using namespace std::string_literals;
using test::error_of;
using test::ZipWriter;

const std::string archive_name = "w.pth";

std::string archive_refusal(const std::string& bytes) {
  return error_of([&] { const ZipArchive archive(bytes, archive_name); });
}

TEST(ZipArchive, stored_entries) {
  for (const bool zip64 : {false, true}) {
    for (const std::string& comment : {""s, "PK\5\6 a comment"s}) {
      ZipWriter writer{.zip64 = zip64, .comment = comment};
      writer.add("b/data.pkl", "contents");
      writer.add("a", "");
      writer.add("b/data/10", std::string(1000, 'x'));
      const std::string bytes = writer.finish();
      if (!comment.empty()) {
        // A comment that looks like a directory is taken for one, and refused.
        EXPECT_NE(archive_refusal(bytes).find("w.pth: "), std::string::npos);
        continue;
      }
      const ZipArchive archive(bytes, archive_name);
      ASSERT_EQ(archive.entries().size(), 3U);
      EXPECT_EQ(archive.entries()[0].name, "a");
      EXPECT_EQ(archive.find("b/data.pkl"), "contents");
      EXPECT_EQ(archive.find("b/data/10"), std::string(1000, 'x'));
      EXPECT_EQ(archive.find("a"), "");
      EXPECT_FALSE(archive.find("b"));
    }
  }
  ZipWriter commented{.comment = "made by hand"};
  commented.add("a", "1");
  const std::string bytes = commented.finish();
  EXPECT_EQ(ZipArchive(bytes, archive_name).find("a"), "1");
}

TEST(ZipArchive, damaged) {
  const auto expect = [](const std::string& bytes, const std::string& part) {
    const std::string message = archive_refusal(bytes);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect("PK\3\4", "without its directory");
  expect(std::string(200'000, 'x'), "without its directory");
  ZipWriter twice;
  twice.add("a", "1");
  twice.add("a", "2");
  expect(twice.finish(), "entry \"a\" is there twice");
  ZipWriter compressed{.method = 8};
  compressed.add("a", "1");
  expect(compressed.finish(), "entry \"a\" is compressed");
  ZipWriter encrypted{.flags = 1};
  encrypted.add("a", "1");
  expect(encrypted.finish(), "entry \"a\" is encrypted");
  for (const bool zip64 : {false, true}) {
    ZipWriter outside{.zip64 = zip64};
    outside.add("a", "1");
    outside.add("b", 5, 1'000'000);
    expect(outside.finish(), "entry \"b\" is not where the directory says");
    ZipWriter large{.zip64 = zip64};
    large.add("a", "1");
    large.add("b", 100'000, 0);
    expect(large.finish(), "entry \"b\" is larger than the file");
  }
  ZipWriter absurd{.zip64 = true};
  absurd.add("a", "1");
  absurd.add("b", 0xffffffffffffffffU, 0);
  expect(absurd.finish(), "entry \"b\" is larger than the file");
  ZipWriter far{.zip64 = true};
  far.add("b", 1, 0xffffffffffffffffU);
  expect(far.finish(), "entry \"b\" is not where the directory says");
}

TEST(ZipArchive, every_truncation_and_every_flipped_byte_is_survived) {
  for (const bool zip64 : {false, true}) {
    ZipWriter writer{.zip64 = zip64};
    writer.add("one", "contents");
    writer.add("two", "");
    const std::string bytes = writer.finish();
    for (std::size_t length = 0; length < bytes.size(); ++length)
      EXPECT_NE(archive_refusal(bytes.substr(0, length)), "no error") << length;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const int flip : {1, 0x80, 0xff}) {
        std::string broken = bytes;
        broken[i] = static_cast<char>(broken[i] ^ static_cast<char>(flip));
        (void)archive_refusal(broken);  // checks the form of the message; padding may change
      }
    }
  }
}

}  // namespace
}  // namespace edge
