#include "engine/printable.h"

#include <gtest/gtest.h>

#include "engine/quoted_name.h"

namespace edge {
namespace {

TEST(Printable, OrdinaryTextStaysAsItIs) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("worker 1 at 10.0.0.7:7701"), "worker 1 at 10.0.0.7:7701");
  EXPECT_EQ(printable("Gerät, 摄像头, \xf0\x9f\x8e\xa5"), "Gerät, 摄像头, \xf0\x9f\x8e\xa5");
}

TEST(Printable, NothingMovesTheCursorOrEndsTheLine) {
  EXPECT_EQ(printable("a\nb\r\x1b[2Jc\x7f\t"), "a\\nb\\x0d\\x1b[2Jc\\x7f\\t");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "31mb"),
            "a\\u009b31mb")
      << "the 8-bit escape sequence";
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b\xe2\x80\xa8"
                      "c"),
            "a\\u202eb\\u2028c")
      << "right to left, line end";
}

TEST(Printable, WhatIsNoUtf8IsEscapedByteByByte) {
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc0\x8a"), "\\xc0\\x8a") << "an overlong line end";
  EXPECT_EQ(printable("\xe0\x80\x8a"), "\\xe0\\x80\\x8a");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half a surrogate pair";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "behind the last character";
}

TEST(Printable, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(printable(std::string(60000, 'x'), 10), "xxxxxxxxxx…");
  EXPECT_EQ(printable("12345678\xe6\x91\x84", 10), "12345678…");
  EXPECT_EQ(printable("1234567890", 10), "1234567890");
}

TEST(QuotedName, IsPrintableAndQuoted) {
  EXPECT_EQ(quoted_name("conv1.weight"), "\"conv1.weight\"");
  EXPECT_EQ(quoted_name("a\nb"), "\"a\\nb\"");
  EXPECT_EQ(quoted_name(std::string(100, 'x')), '"' + std::string(80, 'x') + "…\"");
}

}  // namespace
}  // namespace edge
