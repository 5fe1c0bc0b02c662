// Safetensors files: round trips, a golden file, and every way that we know to break one.
#include "engine/safetensors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/error.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

class Safetensors : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name = "x.safetensors") const { return (directory_ / name).string(); }

  void write(const std::string& bytes) const { std::ofstream(path(), std::ios::binary) << bytes; }
  std::string read() const {
    std::stringstream bytes;
    bytes << std::ifstream(path(), std::ios::binary).rdbuf();
    return bytes.str();
  }

  /// The file with this header and so many bytes of values.
  static std::string file_of(const std::string& header, std::size_t values) {
    std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + std::string(values, '\0');
  }

  /// What loading this file says, without the file's name in front.
  std::string error_of(const std::string& bytes) const {
    write(bytes);
    try {
      load_safetensors(path());
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.find(path() + ": "), 0U) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos);
      return message.substr(std::min(message.size(), path().size() + 2));
    }
    return "no error";
  }

 private:
  std::filesystem::path directory_ = std::filesystem::temp_directory_path() /
                                     ("edge_safetensors_" + std::to_string(::getpid()) + "_" +
                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Safetensors, round_trip) {
  NamedTensors tensors;
  tensors["features.0.weight"] = test::random_tensor({4, 3, 2, 2}, 1);
  tensors["scalar"] = test::random_tensor({}, 2);
  tensors["none"] = Tensor({3, 0, 2});
  tensors["quote \" and \xc3\xbc"] = test::random_tensor({5}, 3);
  save_safetensors(path(), tensors, {{"format", "pt"}});
  const NamedTensors loaded = load_safetensors(path());
  ASSERT_EQ(loaded.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(bit_equal(loaded.at(name), tensor)) << name;
  EXPECT_EQ(
      std::distance(std::filesystem::directory_iterator(std::filesystem::path(path()).parent_path()), {}), 1);
}

TEST_F(Safetensors, no_tensors) {
  save_safetensors(path(), {});
  EXPECT_TRUE(load_safetensors(path()).empty());
  EXPECT_EQ(error_of(file_of("{}", 0)), "no error");
}

TEST_F(Safetensors, golden_bytes) {
  Tensor tensor({2});
  tensor.data()[0] = 1;
  tensor.data()[1] = -2;
  save_safetensors(path(), {{"a", tensor}});
  const std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  )";
  EXPECT_EQ(read(), file_of(header, 0) + std::string("\0\0\x80\x3f\0\0\0\xc0", 8));
}

TEST_F(Safetensors, index) {
  const std::string header = R"({"b":{"data_offsets":[8,14],"dtype":"BF16","shape":[3,1]},)"
                             R"("__metadata__":{"format":"pt"},)"
                             R"("a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}   )";
  const SafetensorsIndex index = parse_safetensors_header(header, 8 + header.size() + 14, "x");
  ASSERT_EQ(index.entries.size(), 2U);
  EXPECT_EQ(index.entries[0].name, "a");
  EXPECT_EQ(index.entries[0].shape, Shape{});
  EXPECT_EQ(index.entries[1].name, "b");
  EXPECT_EQ(index.entries[1].type, "BF16");
  EXPECT_EQ(index.entries[1].shape, (Shape{3, 1}));
  EXPECT_EQ(index.entries[1].offset, 8 + header.size() + 8);
  EXPECT_EQ(index.entries[1].bytes, 6U);
  EXPECT_EQ(index.metadata.at("format"), "pt");
}

TEST_F(Safetensors, files_that_are_none) {
  EXPECT_EQ(error_of(""), "not a safetensors file: shorter than 8 bytes");
  EXPECT_EQ(error_of("1234567"), "not a safetensors file: shorter than 8 bytes");
  EXPECT_EQ(error_of(std::string(8, '\xff')),
            "not a safetensors file, or cut off: a header of 18446744073709551615 bytes in a file of 8");
  EXPECT_EQ(error_of(file_of("{}", 0).substr(0, 9)),
            "not a safetensors file, or cut off: a header of 2 bytes in a file of 9");
  EXPECT_EQ(error_of(file_of("", 0)), "not valid JSON at byte 1 of the header");
  EXPECT_THROW(load_safetensors(path("missing")), Error);
  EXPECT_THROW(load_safetensors("/dev/null"), Error);
  EXPECT_THROW(load_safetensors(std::filesystem::temp_directory_path().string()), Error);
}

TEST_F(Safetensors, invalid_headers) {
  const std::string fine = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  EXPECT_EQ(error_of(file_of(fine, 4)), "no error");
  struct Case {
    std::string header, message;
  };
  const std::string a = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4])";
  const std::string misplaced = "the header has ";
  const std::string in_a = " where it must not be, in tensor \"a\" at ";
  for (const auto& [header, message] : {
           Case{fine + "x", "not valid JSON at byte 55 of the header"},
           {a, "not valid JSON at byte 53 of the header"},
           {"{\"\xff\":{}}", "not valid JSON at byte 3 of the header"},
           {std::string(100'000, '['), misplaced + "an array where it must not be, at its beginning"},
           {std::string(R"({"a":{"dtype":"F32","shape":)") + std::string(100'000, '['),
            misplaced + "an array" + in_a + "shape"},
           {R"({"a":{"b":{"c":{}}}})", "tensor \"a\" has an unknown key \"b\""},
           {"[]", misplaced + "an array where it must not be, at its beginning"},
           {"1", misplaced + "a number where it must not be, at its beginning"},
           {R"({"a":1})", misplaced + "a number where it must not be, at \"a\""},
           {R"({"a":null})", misplaced + "null where it must not be, at \"a\""},
           {R"({"a":{}})", "tensor \"a\" needs dtype, shape and data_offsets"},
           {a + "},\"a\":{}}", "name \"a\" is there twice"},
           {a + ",\"dtype\":\"F32\"}}", "tensor \"a\" has \"dtype\" twice"},
           {a + ",\"more\":1}}", "tensor \"a\" has an unknown key \"more\""},
           {R"({"a":{"dtype":7}})", misplaced + "a number" + in_a + "dtype"},
           {R"({"a":{"dtype":{}}})", misplaced + "an object" + in_a + "dtype"},
           {R"({"a":{"shape":3}})", misplaced + "a number" + in_a + "shape"},
           {R"({"a":{"shape":[-1]}})", misplaced + "a negative number" + in_a + "shape"},
           {R"({"a":{"shape":[1.5]}})", misplaced + "a number that is not whole" + in_a + "shape"},
           {R"({"a":{"shape":[1e9]}})", misplaced + "a number that is not whole" + in_a + "shape"},
           {R"({"a":{"shape":[99999999999999999999]}})",
            misplaced + "a number that is not whole" + in_a + "shape"},
           {R"({"a":{"shape":["1"]}})", misplaced + "a string" + in_a + "shape"},
           {R"({"a":{"shape":[[1]]}})", misplaced + "an array" + in_a + "shape"},
           {R"({"a":{"shape":[1,1,1,1,1,1,1]}})", "tensor \"a\" has more than 6 dimensions"},
           {R"({"a":{"data_offsets":[0]}})", "tensor \"a\" needs two data_offsets"},
           {R"({"a":{"data_offsets":[0,1,2]}})", "tensor \"a\" has more than 2 data_offsets"},
           {R"({"__metadata__":{"a":1}})", misplaced + "a number where it must not be, at \"a\""},
           {R"({"__metadata__":{"a":"1","a":"2"}})", "metadata key \"a\" is there twice"},
           {R"({"__metadata__":[]})", misplaced + "an array where it must not be, at \"__metadata__\""},
       }) {
    EXPECT_EQ(error_of(file_of(header, 4)), message) << header.substr(0, 100);
  }
}

TEST_F(Safetensors, values_that_do_not_fit) {
  const auto entry = [](const std::string& name, const std::string& type, const std::string& shape,
                        const std::string& offsets) {
    return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":[)" + shape + R"(],"data_offsets":[)" +
           offsets + "]}";
  };
  const auto message = [&](const std::string& entries, std::size_t values) {
    return error_of(file_of("{" + entries + "}", values));
  };
  const std::string b = "," + entry("b", "F32", "1", "4,8");
  EXPECT_EQ(message(entry("a", "F32", "1", "0,4") + b, 8), "no error");
  EXPECT_EQ(message(entry("a", "F32", "1", "0,4") + b, 7),
            "tensor \"b\" has data_offsets 4, 8, but there are 7 bytes of values; is the file cut off?");
  EXPECT_EQ(message(entry("a", "F32", "1", "0,4") + b, 9), "1 bytes at the end belong to no tensor");
  EXPECT_EQ(message(entry("a", "F32", "2", "0,8") + b, 8), "tensor \"b\" overlaps another one");
  EXPECT_EQ(message(entry("a", "F32", "0", "0,0") + b, 8), "tensor \"b\" has a gap in front of it");
  EXPECT_EQ(message(entry("a", "F32", "0", "8,8") + "," + entry("b", "F32", "2", "0,8"), 8), "no error");
  EXPECT_EQ(message(entry("a", "F32", "1", "4,0"), 4),
            "tensor \"a\" has data_offsets 4, 0, but there are 4 bytes of values; is the file cut off?");
  EXPECT_EQ(message(entry("a", "F32", "1", "0,18446744073709551615"), 4),
            "tensor \"a\" has data_offsets 0, 18446744073709551615, but there are 4 bytes of values; is the "
            "file cut "
            "off?");
  EXPECT_EQ(message(entry("a", "F32", "3", "0,4"), 4),
            "tensor \"a\" has 4 bytes, but F32 of shape 3 takes 12");
  EXPECT_EQ(message(entry("a", "F16", "2", "0,4"), 4), "tensor \"a\" is F16; only F32 can be read");
  EXPECT_EQ(message(entry("a", "F31", "1", "0,4"), 4), "tensor \"a\" has an unknown dtype \"F31\"");
  const std::string huge = "4294967296,4294967296";
  EXPECT_EQ(message(entry("a", "F32", huge, "0,4"), 4), "tensor \"a\" has a shape that no file can hold");
  EXPECT_EQ(message(entry("a", "F32", "18446744073709551615", "0,4"), 4),
            "tensor \"a\" has a shape that no file can hold");
  EXPECT_EQ(message(entry("a", "F32", huge + ",0", "0,0"), 0),
            "tensor \"a\" has a shape that no file can hold");
  EXPECT_EQ(message(entry("a\\n\\u001b", "F32", "2", "0,4"), 4),
            "tensor \"a\\n\\x1b\" has 4 bytes, but F32 of shape 2 takes 8");
  EXPECT_EQ(message(entry("a\\n", "F16", "2", "0,4"), 4), "tensor \"a\\n\" is F16; only F32 can be read");
}

TEST_F(Safetensors, every_truncation_and_every_flipped_byte_is_survived) {
  save_safetensors(path(), {{"a", test::random_tensor({2, 2}, 1)}, {"b", test::random_tensor({3}, 2)}});
  const std::string bytes = read();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(error_of(bytes.substr(0, length)), "no error") << length;
  }
  test::Random random(3);
  for (std::size_t i = 0; i < bytes.size() - 28; ++i) {  // all but the values
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ static_cast<char>(1 + random() % 255));
    (void)error_of(broken);  // checks the form of the message; a changed name is no error
  }
}

TEST_F(Safetensors, what_cannot_be_written) {
  EXPECT_THROW(save_safetensors(path("missing/x"), {}), Error);
  EXPECT_THROW(save_safetensors(path(), {{"__metadata__", Tensor({1})}}), Error);
  EXPECT_THROW(save_safetensors(path(), {{"\xff", Tensor({1})}}), Error);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace edge
