#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "engine/error.h"
#include "engine/onnx/reader.h"
#include "tests/engine/onnx_seeds.h"
#include "tests/engine/onnx_support.h"
#include "tests/error_of.h"

namespace edge {
namespace {

using onnx::Constant;
using onnx::DataType;
using onnx::Dimensions;
using test::OnnxFile;

using test::error_of;

/// A directory that goes with the test.
class OnnxReader : public ::testing::Test {
 protected:
  OnnxReader() {
    std::string pattern = (std::filesystem::temp_directory_path() / "edge-onnx-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~OnnxReader() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path file = directory_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return file.string();
  }

  std::filesystem::path directory_;
};

TEST_F(OnnxReader, reads_nodes_attributes_inputs_and_outputs) {
  const onnx::Model model =
      OnnxFile(12, 6)
          .input("x", {1, 3, -1, 7})
          .input("w", {2})
          .initializer("w", {2}, {1.5F, -2})
          .node("Clip", {"x", "", "w"}, {"y"},
                {test::attribute("number", 0.25F), test::attribute("integer", -3),
                 test::text_attribute("text", "same"), test::attribute("integers", {4, -5}),
                 test::attribute("none", std::vector<std::int64_t>{})},
                "the clip", "ai.onnx")
          .output("y")
          .model();
  EXPECT_EQ(model.ir_version, 6);
  EXPECT_EQ(model.opset, 12);
  ASSERT_EQ(model.inputs.size(), 1U);  // "w" is an initialiser
  EXPECT_EQ(model.inputs[0].dims, (Dimensions{1, 3, -1, 7}));
  EXPECT_EQ(model.inputs[0].type, DataType::float32);
  ASSERT_EQ(model.outputs.size(), 1U);
  EXPECT_EQ(model.outputs[0].name, "y");
  ASSERT_EQ(model.nodes.size(), 1U);
  const onnx::Node& node = model.nodes[0];
  EXPECT_EQ(node.name, "the clip");
  EXPECT_EQ(node.type, "Clip");
  EXPECT_EQ(node.domain, "");
  EXPECT_EQ(node.inputs, (std::vector<std::string>{"x", "", "w"}));
  EXPECT_EQ(node.find("number")->number, 0.25F);
  EXPECT_EQ(node.find("integer")->integer, -3);
  EXPECT_EQ(node.find("text")->text, "same");
  EXPECT_EQ(node.find("integers")->integers, (std::vector<std::int64_t>{4, -5}));
  EXPECT_EQ(node.find("none")->kind, onnx::Attribute::Kind::integers);
  EXPECT_EQ(node.find("other"), nullptr);
  EXPECT_EQ(model.initializers.at("w").numbers(), (std::vector<double>{1.5, -2}));
}

TEST_F(OnnxReader, reads_every_element_type_raw_and_typed) {
  const auto numbers = [](const std::string& message) {
    return OnnxFile().message(5, message).model().initializers.at("t").numbers();
  };
  const auto raw = [&](DataType type, const std::string& bytes, std::int64_t count) {
    return numbers(test::tensor_message("t", type, {count}, bytes));
  };
  using Numbers = std::vector<double>;
  EXPECT_EQ(raw(DataType::float32, test::bytes_of(std::vector{1.5F, -2.0F}), 2), (Numbers{1.5, -2}));
  EXPECT_EQ(raw(DataType::float64, test::bytes_of(std::vector{1.1, -2.0}), 2), (Numbers{1.1, -2}));
  EXPECT_EQ(raw(DataType::float16, std::string("\0\x3c\0\xc0", 4), 2), (Numbers{1, -2}));
  EXPECT_EQ(raw(DataType::bfloat16, std::string("\x80\x3f\0\xc0", 4), 2), (Numbers{1, -2}));
  EXPECT_EQ(raw(DataType::int8, "\xfe\x02", 2), (Numbers{-2, 2}));
  EXPECT_EQ(raw(DataType::uint8, "\xfe\x02", 2), (Numbers{254, 2}));
  EXPECT_EQ(raw(DataType::boolean, std::string("\1\0", 2), 2), (Numbers{1, 0}));
  EXPECT_EQ(raw(DataType::int16, test::bytes_of(std::vector<std::int16_t>{-300, 7}), 2), (Numbers{-300, 7}));
  EXPECT_EQ(raw(DataType::uint16, test::bytes_of(std::vector<std::uint16_t>{65000}), 1), (Numbers{65000}));
  EXPECT_EQ(raw(DataType::int32, test::bytes_of(std::vector<std::int32_t>{-70000}), 1), (Numbers{-70000}));
  EXPECT_EQ(raw(DataType::uint32, test::bytes_of(std::vector<std::uint32_t>{4000000000U}), 1),
            (Numbers{4e9}));
  EXPECT_EQ(raw(DataType::int64, test::bytes_of(std::vector<std::int64_t>{-(1LL << 40)}), 1),
            (Numbers{-0x1p40}));
  EXPECT_EQ(raw(DataType::uint64, test::bytes_of(std::vector<std::uint64_t>{1ULL << 63}), 1),
            (Numbers{0x1p63}));

  const auto list = [&](DataType type, std::uint32_t field, std::vector<std::int64_t> values) {
    return numbers(
        test::tensor_message_of_list("t", type, {static_cast<std::int64_t>(values.size())}, field, values));
  };
  EXPECT_EQ(list(DataType::int64, 7, {-5, 6}), (Numbers{-5, 6}));
  EXPECT_EQ(list(DataType::int32, 5, {-5, 6}), (Numbers{-5, 6}));
  EXPECT_EQ(list(DataType::int8, 5, {-5, 6}), (Numbers{-5, 6}));
  EXPECT_EQ(list(DataType::uint64, 11, {6}), (Numbers{6}));
  EXPECT_EQ(list(DataType::float16, 5, {0x3c00, 0xc000}), (Numbers{1, -2}));
  EXPECT_EQ(list(DataType::bfloat16, 5, {0x3f80, 0xc000}), (Numbers{1, -2}));

  std::string floats;  // float_data in two pieces, one of them not packed
  {
    protozero::pbf_writer writer(floats);
    writer.add_int64(1, 3);
    writer.add_int32(2, 1);
    const std::vector<float> two{1, 2};
    writer.add_packed_float(4, two.begin(), two.end());
    writer.add_float(4, 3);
    writer.add_string(8, "t");
  }
  EXPECT_EQ(numbers(floats), (Numbers{1, 2, 3}));
}

TEST_F(OnnxReader, float32_values_stay_where_they_are) {
  const auto owner =
      std::make_shared<const std::string>(OnnxFile().initializer("w", {2, 2}, {1, 2, 3, 4}).bytes());
  const onnx::Model model = onnx::parse_model(*owner, owner, "test.onnx", nullptr);
  const std::string_view bytes = model.initializers.at("w").bytes();
  EXPECT_GE(bytes.data(), owner->data());
  EXPECT_LE(bytes.data() + bytes.size(), owner->data() + owner->size());
  EXPECT_EQ(model.initializers.at("w").tensor({4}).values()[3], 4);
}

TEST_F(OnnxReader, maps_external_data_beside_the_file) {
  write("weights/all.bin", std::string(8, 'x') + test::bytes_of(std::vector{1.0F, 2.0F}));
  const std::string file = write(
      "m.onnx", OnnxFile()
                    .message(5, test::external_tensor_message(
                                    "w", DataType::float32, {2},
                                    {{"location", "weights/all.bin"}, {"offset", "8"}, {"length", "8"}}))
                    .bytes());
  EXPECT_EQ(onnx::read_model(file).initializers.at("w").numbers(), (std::vector<double>{1, 2}));
}

TEST_F(OnnxReader, external_data_outside_of_the_directory_is_refused) {
  write("secret.bin", "12345678");
  std::filesystem::create_directory(directory_ / "models");
  std::filesystem::create_symlink(directory_ / "secret.bin", directory_ / "models" / "link.bin");
  const auto error = [&](const std::vector<std::pair<std::string, std::string>>& place) {
    const std::string file = write(
        "models/m.onnx",
        OnnxFile().message(5, test::external_tensor_message("w", DataType::float32, {2}, place)).bytes());
    return error_of([&] { onnx::read_model(file); });
  };
  for (const std::string location : {"../secret.bin", "link.bin", "/etc/passwd", ""}) {
    EXPECT_NE(error({{"location", location}}).find("not in the model file's directory"), std::string::npos)
        << location << ": " << error({{"location", location}});
  }
  EXPECT_NE(error({{"location", "none.bin"}}).find("needs the file \"none.bin\" beside it"),
            std::string::npos);
  write("models/short.bin", "1234");
  EXPECT_NE(error({{"location", "short.bin"}}).find("which has only 4"), std::string::npos);
  EXPECT_NE(error({{"location", "short.bin"}, {"offset", "18446744073709551615"}}).find("has only 4"),
            std::string::npos);
  EXPECT_NE(error({{"location", "short.bin"}, {"offset", "many"}}).find("is no number"), std::string::npos);
  EXPECT_NE(error({{"location", "short.bin"}, {"length", "4"}}).find("but its shape needs 8"),
            std::string::npos);
}

TEST_F(OnnxReader, faults_are_one_line_each) {
  const auto tensor = [](DataType type, const Dimensions& dims, const std::string& raw) {
    return error_of([&] { OnnxFile().message(5, test::tensor_message("t", type, dims, raw)).model(); });
  };
  EXPECT_EQ(tensor(DataType::float32, {3}, "12345678"),
            "test.onnx: tensor \"t\" has 2 values, but its shape needs 3");
  EXPECT_EQ(tensor(DataType::float32, {-3}, ""), "test.onnx: tensor \"t\" has a negative extent, -3");
  EXPECT_NE(tensor(DataType::float32, {1LL << 40, 1LL << 40}, "").find("more than 2^40"), std::string::npos);
  EXPECT_EQ(tensor(static_cast<DataType>(99), {1}, "1"),
            "test.onnx: tensor \"t\" has element type 99, which cannot be read");
  EXPECT_NE(error_of([] { OnnxFile(6).model(); }).find("has opset 6; 7 to 21 can be read"),
            std::string::npos);
  EXPECT_NE(error_of([] { OnnxFile(22).model(); }).find("has opset 22"), std::string::npos);
  EXPECT_NE(error_of([] { OnnxFile(13, 2).model(); }).find("IR version 2; 3 to 10"), std::string::npos);
  EXPECT_NE(error_of([] {
              OnnxFile().initializer("w", {1}, {1}).initializer("w", {1}, {1}).model();
            }).find("\"w\" is there twice"),
            std::string::npos);
  EXPECT_NE(error_of([&] { onnx::read_model(write("text.onnx", "<!DOCTYPE html>")); }).find("no ONNX file"),
            std::string::npos);
  EXPECT_NE(error_of([&] { onnx::read_model(write("empty.onnx", "")); }).find("has no graph"),
            std::string::npos);
}

TEST_F(OnnxReader, every_cut_file_is_refused_or_read) {
  for (const auto& [name, bytes] : test::onnx_seeds()) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto owner = std::make_shared<const std::string>(bytes.substr(0, length));
      try {
        onnx::parse_model(*owner, owner, "cut.onnx", nullptr);
      } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      }
    }
  }
}

TEST_F(OnnxReader, the_seeds_of_the_fuzz_target_are_those_of_the_tests) {
  const std::filesystem::path corpus = EDGE_TEST_DATA "/../../fuzz/corpus/onnx";
  for (const auto& [name, bytes] : test::onnx_seeds()) {
    if (std::getenv("EDGE_WRITE_SEEDS") != nullptr) {
      std::filesystem::create_directories(corpus);
      std::ofstream(corpus / name, std::ios::binary) << bytes;
    }
    std::ifstream stream(corpus / name, std::ios::binary);
    const std::string stored{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(stored, bytes) << "write it anew: EDGE_WRITE_SEEDS=1 test_engine --gtest_filter='OnnxReader.*'";
  }
}

}  // namespace
}  // namespace edge
