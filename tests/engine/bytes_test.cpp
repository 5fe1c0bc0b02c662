// Little-endian numbers, and readers at and behind the end of their bytes.
#include "engine/bytes.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/engine/weight_file_support.h"

namespace edge {
namespace {

using namespace std::string_literals;
using test::error_of;

template <class Number>
std::string written(Number number) {
  std::vector<std::byte> appended;
  append_little_endian(number, appended);
  std::array<std::byte, sizeof(Number)> stored;
  store_little_endian(stored.data(), number);
  EXPECT_TRUE(std::equal(stored.begin(), stored.end(), appended.begin(), appended.end()));
  EXPECT_EQ(load_little_endian<Number>(stored.data()), number);
  return {reinterpret_cast<const char*>(appended.data()), appended.size()};
}

TEST(Bytes, little_endian_whatever_the_machine) {
  EXPECT_EQ(written(std::uint8_t{0xfe}), "\xfe");
  EXPECT_EQ(written(std::uint16_t{0x0102}), "\2\1");
  EXPECT_EQ(written(std::uint32_t{0x01020304}), "\4\3\2\1");
  EXPECT_EQ(written(std::int32_t{-2}), "\xfe\xff\xff\xff");
  EXPECT_EQ(written(std::uint64_t{0x0102030405060708}), "\x08\7\6\5\4\3\2\1");
  EXPECT_EQ(written(1.5F), "\0\0\xc0\x3f"s);
  EXPECT_EQ(written(-2.0), "\0\0\0\0\0\0\0\xc0"s);
}

TEST(Bytes, numbers_need_no_alignment) {
  const auto bytes = "?\1\2\3\4\5\6\7\x08"s;
  EXPECT_EQ(load_little_endian<std::uint64_t>(std::as_bytes(std::span(bytes)).data() + 1),
            0x0807060504030201U);
}

TEST(FileReader, from_front_to_back) {
  const std::string file = "f";
  const std::string bytes = "ab\1\0line\nrest"s;
  FileReader reader(bytes, file);
  EXPECT_EQ(reader.left(), bytes.size());
  EXPECT_EQ(reader.text(2), "ab");
  EXPECT_EQ(reader.number<std::uint16_t>(), 1);
  EXPECT_EQ(reader.line(), "line");
  EXPECT_EQ(reader.position(), 9U);
  EXPECT_EQ(error_of([&] { reader.line(); }), "f: cut off, or damaged: a line has no end");
  EXPECT_EQ(reader.take(4).size(), 4U);
  EXPECT_EQ(reader.left(), 0U);
  EXPECT_TRUE(reader.take(0).empty());
  EXPECT_EQ(reader.text(0), "");
}

TEST(FileReader, never_beyond_the_end) {
  const std::string file = "f";
  FileReader reader("abc", file);
  const auto refused = [&](const std::function<void()>& action) {
    return error_of(action).find("f: cut off, or damaged: ") == 0;
  };
  EXPECT_EQ(error_of([&] { reader.number<std::uint32_t>(); }),
            "f: cut off, or damaged: 4 bytes are expected at byte 0 of 3");
  EXPECT_TRUE(refused([&] { reader.take(4); }));
  EXPECT_TRUE(refused([&] { reader.text(std::numeric_limits<std::uint64_t>::max()); }));
  EXPECT_EQ(reader.text(3), "abc");  // what was refused was not taken
  EXPECT_TRUE(refused([&] { reader.number<std::uint8_t>(); }));
  // A place that a file names.
  for (const std::uint64_t position : {std::uint64_t{4}, std::numeric_limits<std::uint64_t>::max()}) {
    FileReader behind("abc", file, position);
    EXPECT_EQ(behind.left(), 0U);
    EXPECT_TRUE(refused([&] { behind.take(1); }));
    EXPECT_TRUE(refused([&] { behind.line(); }));
    EXPECT_TRUE(behind.take(0).empty());
  }
}

}  // namespace
}  // namespace edge
