#include "engine/labels.h"

#include "tests/engine/weight_file_support.h"

namespace edge {
namespace {

class LabelsTest : public test::TemporaryFiles {
 protected:
  std::string refusal(const std::string& text) const {
    const std::string file = write(text);
    const std::string message = test::error_of([&] { Labels::from_file(file); });
    return message.find(file) == 0 ? message.substr(file.size()) : message;
  }
};

TEST_F(LabelsTest, imagenet) {
  const Labels labels = Labels::imagenet();
  ASSERT_EQ(labels.size(), 1000U);
  EXPECT_EQ(labels.name(0), "tench");
  EXPECT_EQ(labels.name(17), "jay");
  EXPECT_EQ(labels.name(281), "tabby");
  EXPECT_EQ(labels.name(999), "toilet tissue");
  EXPECT_EQ(labels.name(1000), "");
  for (std::size_t i = 0; i < labels.size(); ++i) EXPECT_FALSE(labels.name(i).empty()) << i;
  EXPECT_TRUE(Labels().empty());
  EXPECT_EQ(Labels().name(0), "");
}

TEST_F(LabelsTest, files) {
  const Labels labels =
      Labels::from_file(write("\xef\xbb\xbfone\r\n  two words \nM\xc3\xbcll \xf0\x9f\x97\x91\n\n \n"));
  ASSERT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels.name(0), "one");
  EXPECT_EQ(labels.name(1), "two words");
  EXPECT_EQ(labels.name(2), "M\xc3\xbcll \xf0\x9f\x97\x91");
  EXPECT_EQ(Labels::from_file(write("one\ntwo")).size(), 2U);
}

TEST_F(LabelsTest, bad_files) {
  EXPECT_EQ(refusal(""), ": empty; each line is the name of one class");
  EXPECT_EQ(refusal("\n\n"), ": empty; each line is the name of one class");
  EXPECT_EQ(refusal("a\n\nb\n"), ":2: empty; each line is the name of one class");
  EXPECT_EQ(refusal("a\nb\xff\n"), ":2: not UTF-8 text");
  EXPECT_EQ(refusal("a\x1b[2J\n"), ":1: not UTF-8 text");
  for (const char* const bad :
       {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82"})
    EXPECT_EQ(refusal(bad), ":1: not UTF-8 text") << bad;
  EXPECT_EQ(refusal("a\n" + std::string(1001, 'x')), ":2: longer than 1000 bytes");
  EXPECT_EQ(refusal(std::string(1000, 'x')), "no error");
  EXPECT_NE(test::error_of([&] { Labels::from_file(path("missing")); }).find("missing: No such file"),
            std::string::npos);
  EXPECT_NE(test::error_of([] { Labels::from_file("/dev/zero"); }).find("not a regular file"),
            std::string::npos);
}

}  // namespace
}  // namespace edge
