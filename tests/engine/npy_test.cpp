// .npy files: what NumPy writes is read, what is written is NumPy's, everything else is refused in one line.
#include "engine/npy.h"

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

class Npy : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  std::string write(const std::string& bytes) const {
    std::ofstream(path("x.npy"), std::ios::binary) << bytes;
    return path("x.npy");
  }
  static std::string read(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }

 private:
  std::filesystem::path directory_ = std::filesystem::temp_directory_path() /
                                     ("edge_npy_" + std::to_string(::getpid()) + "_" +
                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

/// A whole file; the length of the header has 2 bytes in version 1, else 4.
std::string npy(const std::string& header, std::size_t value_bytes, int major = 1, int minor = 0) {
  std::string bytes = "\x93NUMPY";
  bytes += {static_cast<char>(major), static_cast<char>(minor)};
  for (int byte = 0; byte < (major == 1 ? 2 : 4); ++byte) {
    bytes += static_cast<char>(header.size() >> (8 * byte) & 255);
  }
  return bytes + header + std::string(value_bytes, '\0');
}

std::string npy_dictionary(const std::string& shape, const std::string& type = "'<f4'",
                           const std::string& fortran_order = "False") {
  return "{'descr': " + type + ", 'fortran_order': " + fortran_order + ", 'shape': " + shape + ", }\n";
}

std::string npy_refusal(const std::string& bytes) {
  try {
    parse_npy_header(bytes, "x.npy");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST_F(Npy, keeps_every_bit) {
  for (const Shape& shape :
       {Shape{1, 3, 5, 7}, Shape{10}, Shape{1, 1000}, Shape{2, 1, 2, 1, 2, 1}, Shape{}}) {
    Tensor tensor = test::random_tensor(shape, 1);
    tensor.data()[0] = -0.0F;
    save_npy(path("y.npy"), tensor);
    EXPECT_EQ(npy_shape(path("y.npy")), shape);
    EXPECT_TRUE(bit_equal(load_npy(path("y.npy")), tensor)) << shape.to_string();
  }
}

TEST_F(Npy, writes_what_numpy_writes) {
  Tensor tensor({2, 3});
  for (std::size_t i = 0; i < 6; ++i) tensor.data()[i] = static_cast<float>(i);
  save_npy(path("y.npy"), tensor);
  // numpy.save of numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
  std::string expected = std::string("\x93NUMPY\x01\x00v\x00", 10) +
                         "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected.resize(127, ' ');
  expected += '\n';
  expected.append(reinterpret_cast<const char*>(tensor.data()), tensor.bytes());
  EXPECT_EQ(read(path("y.npy")), expected);
  save_npy(path("y.npy"), Tensor::zeros({4}));
  EXPECT_NE(read(path("y.npy")).find("'shape': (4,), }"), std::string::npos);
}

TEST_F(Npy, reads_all_versions_and_any_order_of_entries) {
  const Shape shape{2, 3};
  for (const int major : {1, 2, 3}) {
    const NpyHeader header = parse_npy_header(npy(npy_dictionary("(2, 3)"), 24, major), "x.npy");
    EXPECT_EQ(header.shape, shape);
    EXPECT_EQ(header.offset, npy(npy_dictionary("(2, 3)"), 0, major).size());
  }
  EXPECT_EQ(
      parse_npy_header(npy("{ \"shape\":(2,3,) ,'fortran_order':False,'descr' : \"<f4\"}   ", 24), "x.npy")
          .shape,
      shape);
  EXPECT_EQ(parse_npy_header(npy(npy_dictionary("()"), 4), "x.npy").shape, Shape());
  EXPECT_EQ(parse_npy_header(npy(npy_dictionary("(0, 3)"), 0), "x.npy").shape, Shape({0, 3}));
}

TEST_F(Npy, values_need_not_be_aligned) {
  std::string bytes = npy(npy_dictionary("(2,)") + " ", 0);
  ASSERT_NE(bytes.size() % 4, 0U);
  const float values[] = {1.5F, -2.0F};
  bytes.append(reinterpret_cast<const char*>(values), sizeof values);
  const Tensor tensor = load_npy(write(bytes));
  EXPECT_EQ(tensor.data()[0], 1.5F);
  EXPECT_EQ(tensor.data()[1], -2.0F);
}

TEST_F(Npy, other_types_are_named) {
  for (const char* const type : {"'<f8'", "'>f4'", "'|u1'", "'<f2'", "'<i4'"}) {
    const std::string name = std::string(type).substr(1, 3);
    EXPECT_EQ(npy_refusal(npy(npy_dictionary("(2, 3)", type), 24)),
              "x.npy: values of type \"" + name +
                  "\" instead of little-endian float32 (\"<f4\"); save array.astype(numpy.float32)");
  }
  EXPECT_EQ(npy_refusal(npy(npy_dictionary("(2, 3)", "[('a', '<f4')]"), 24)),
            "x.npy: an array with fields; only plain float32 arrays can be read");
  EXPECT_EQ(npy_refusal(npy(npy_dictionary("(2, 3)", "'<f4'", "True"), 24)),
            "x.npy: in Fortran order; save numpy.ascontiguousarray(array)");
}

TEST_F(Npy, sizes_that_do_not_fit) {
  EXPECT_EQ(npy_refusal(npy(npy_dictionary("(2, 3)"), 23)),
            "x.npy: cut off, or damaged: 23 bytes of values do not make a float32 array of 2x3");
  EXPECT_NE(npy_refusal(npy(npy_dictionary("(2, 3)"), 28)).find("28 bytes of values"), std::string::npos);
  // Products that overflow.
  for (const char* const shape : {"(4294967296, 4294967296)", "(9223372036854775807,)",
                                  "(4611686018427387905, 1)", "(3037000500, 3037000500, 4)"}) {
    EXPECT_NE(npy_refusal(npy(npy_dictionary(shape), 4)).find("4 bytes of values do not make"),
              std::string::npos)
        << shape;
  }
  EXPECT_NE(npy_refusal(npy(npy_dictionary("(9223372036854775808,)"), 4)).find("header is damaged"),
            std::string::npos);
  EXPECT_EQ(npy_refusal(npy(npy_dictionary("(1, 1, 1, 1, 1, 1, 1)"), 4)), "x.npy: more than 6 dimensions");
}

TEST_F(Npy, damaged_headers) {
  EXPECT_EQ(npy_refusal(""), "x.npy: not a .npy file");
  EXPECT_EQ(npy_refusal("\xff\xd8\xff\xe0 JFIF"), "x.npy: not a .npy file");
  EXPECT_NE(npy_refusal("\x93NUMPY").find("cut off"), std::string::npos);
  EXPECT_EQ(npy_refusal(npy(npy_dictionary("(1,)"), 4, 4)),
            "x.npy: .npy version 4.0; 1.0 to 3.0 can be read");
  EXPECT_EQ(npy_refusal(npy(npy_dictionary("(1,)"), 4, 1, 1)),
            "x.npy: .npy version 1.1; 1.0 to 3.0 can be read");
  EXPECT_EQ(npy_refusal(npy(std::string(100'000, ' '), 4, 2)),
            "x.npy: a header of 100000 bytes; at most 65536 are read");
  const std::string whole = npy(npy_dictionary("(2, 3)"), 24);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string said = npy_refusal(whole.substr(0, length));
    EXPECT_NE(said, "accepted") << length;
    EXPECT_EQ(said.find('\n'), std::string::npos);
  }
  for (const char* const header :
       {"{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'shape': (1,)}", "{}", "[]",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)"}) {
    EXPECT_NE(npy_refusal(npy(header, 4)), "accepted") << header;
  }
}

TEST_F(Npy, files_that_cannot_be_read_or_written) {
  EXPECT_THROW(load_npy(path("missing.npy")), Error);
  EXPECT_THROW(load_npy(path("")), Error);
  const std::string file = path("none/y.npy");
  try {
    save_npy(file, Tensor::zeros({1}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), file + ": cannot be written: No such file or directory");
  }
}

}  // namespace
}  // namespace edge
