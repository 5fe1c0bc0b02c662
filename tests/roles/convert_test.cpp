// `edge convert`: every kind of file in, safetensors out.
#include "roles/convert.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "engine/error.h"
#include "engine/safetensors.h"
#include "engine/weight_file.h"

namespace edge {
namespace {

const std::string engine_data = std::string(EDGE_TEST_DATA) + "/../../engine/data/";

class Convert : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  static std::string refusal(const std::string& from, const std::string& to, FloatFormat format) {
    try {
      convert_weights(from, to, format);
    } catch (const Error& error) {
      EXPECT_FALSE(std::filesystem::exists(to));
      return error.what();
    }
    return "no error";
  }
  static void expect_same_values(const std::string& one, const std::string& other) {
    const WeightFile a(one);
    const WeightFile b(other);
    for (const StoredTensor& tensor : a.tensors()) {
      if (!tensor.format) continue;
      ASSERT_NE(b.find(tensor.name), nullptr) << tensor.name;
      EXPECT_TRUE(bit_equal(a.load(tensor), b.load(*b.find(tensor.name)))) << tensor.name;
    }
  }

 private:
  std::filesystem::path directory_ = std::filesystem::temp_directory_path() /
                                     ("edge_convert_" + std::to_string(::getpid()) + "_" +
                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Convert, keeps_values_and_names) {
  for (const char* const name : {"module.pth", "module.legacy.pth", "strided.pth", "wrapped.pth"}) {
    for (const FloatFormat format : {FloatFormat::f32, FloatFormat::f16, FloatFormat::bf16}) {
      convert_weights(engine_data + name, path("x"), format);  // all values are exact in every format
      expect_same_values(engine_data + name, path("x"));
    }
  }
  convert_weights(path("x"), path("y"), FloatFormat::f32);
  expect_same_values(path("x"), path("y"));
  convert_weights(path("y"), path("y"), FloatFormat::f16);  // onto itself
  expect_same_values(path("x"), path("y"));
}

TEST_F(Convert, says_what_it_wrote) {
  EXPECT_EQ(convert_weights(engine_data + "module.pth", path("x"), FloatFormat::f16),
            path("x") + ": 8 tensors, 280 bytes; 1 without floating-point values left out");
}

TEST_F(Convert, refuses) {
  EXPECT_NE(refusal(engine_data + "attack.pth", path("x"), FloatFormat::f32).find("no tensors by name"),
            std::string::npos);
  const auto save = [&](float value) {
    Tensor tensor({2});
    tensor.data()[0] = 1;
    tensor.data()[1] = value;
    save_safetensors(path("w"), {{"a", tensor}});
    return path("w");
  };
  EXPECT_EQ(refusal(save(NAN), path("x"), FloatFormat::f32),
            path("w") + ": infinite or NaN: \"a\" (1 values)");
  EXPECT_EQ(refusal(save(70000), path("x"), FloatFormat::f16),
            path("x") + ": tensor \"a\" has values that are too large for F16");
  EXPECT_NE(refusal(save(1), path("no/x"), FloatFormat::f16).find("cannot be written"), std::string::npos);
  EXPECT_EQ(parse_float_format("bf16"), FloatFormat::bf16);
  EXPECT_THROW(parse_float_format("int8"), Error);
}

}  // namespace
}  // namespace edge
