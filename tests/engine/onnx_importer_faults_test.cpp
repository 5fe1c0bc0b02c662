// Files that are no networks, or not ours: one line each, however they are damaged.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "engine/error.h"
#include "tests/engine/onnx_import.h"
#include "tests/engine/onnx_seeds.h"
#include "tests/error_of.h"

namespace edge {
namespace {

using test::attribute;
using test::error_of;
using test::import;
using test::OnnxFile;
using test::operations;
using test::picture;
using test::text_attribute;

TEST(OnnxImporterFaults, missing_operators_are_named_in_one_line) {
  const std::string message = error_of([] {
    import(picture()
               .node("Relu", {"x"}, {"a"})
               .node("NonMaxSuppression", {"a"}, {"b"}, {}, "nms")
               .node("Unique", {"b"}, {"y"})
               .output("y"));
  });
  EXPECT_EQ(
      message,
      "test.onnx: node \"nms\" (NonMaxSuppression, opset 13): this operator cannot be run; of the file's 3 "
      "operators 2 are missing");
  // What no output needs does not matter.
  EXPECT_EQ(
      operations(import(picture().node("Relu", {"x"}, {"y"}).node("Unique", {"x"}, {"z"}).output("y")).graph),
      "activation");
}

TEST(OnnxImporterFaults, faults_name_file_node_and_operator) {
  const auto error = [](const OnnxFile& file) {
    const std::string message = error_of([&] { import(file); });
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_EQ(message.substr(0, 11), "test.onnx: ");
    return message;
  };
  const auto contains = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  contains(error(picture().node("Relu", {"b"}, {"a"}, {}, "one").node("Relu", {"a"}, {"b"}).output("b")),
           "the graph has a cycle");
  contains(
      error(picture().node("Conv", {"x", "w"}, {"y"}, {}, "conv1").output("y")),
      "node \"conv1\" (Conv, opset 13) takes \"w\", which is neither made by a node nor stored in the file");
  contains(error(picture().output("y")), "output \"y\" is made by no node");
  contains(error(picture()), "has no outputs");
  contains(error(picture().node("Relu", {"x"}, {"y"}).node("Relu", {"x"}, {"y"}).output("y")),
           "which is there already");
  contains(error(picture().node("If", {"x"}, {"y"}, {test::graph_attribute("then_branch")}).output("y")),
           "control flow depends on values");
  contains(error(picture().node("Relu", {"x"}, {"y"}, {}, "", "com.microsoft").output("y")),
           "it is of the domain \"com.microsoft\"");
  contains(
      error(
          picture().initializer("w", {1, 4, 1, 1}, {1, 2, 3, 4}).node("Conv", {"x", "w"}, {"y"}).output("y")),
      "its weights are 1x4x1x1 for 3 channels in 1 groups");
  contains(error(picture().initializer("to", {1, 5, -1}).node("Reshape", {"x", "to"}, {"y"}).output("y")),
           "cannot reshape 1x3x4x6 to 1x5x?");
  contains(error(picture().node("Softmax", {"x"}, {"y"}, {attribute("axis", 4)}).output("y")),
           "axis 4 of a tensor of 4");
  contains(error(picture().node("Softmax", {"x"}, {"y"}, {text_attribute("axis", "1")}).output("y")),
           "attribute \"axis\" is not of its kind");
  contains(error(picture().input("z", {1}).node("Add", {"x", "z"}, {"y"}).output("y")),
           "has 2 inputs (\"x\", \"z\")");
  contains(error(OnnxFile(13).input("x", {1, 4, 8, 8}).node("Relu", {"x"}, {"y"}).output("y")),
           "pictures have three channels");
  contains(error(OnnxFile(13).input("x", {1, 3, 8, 8}).node("Relu", {"x"}, {"y"}).output("y")),
           "takes pictures of 8 x 8 (rows x columns), not 4 x 6: leave frame_size (--size) out, or set it to "
           "that");
}

TEST(OnnxImporterFaults, memory_is_bounded_however_large_constants_claim_to_be) {
  // Each of these would take a terabyte.
  const std::vector<std::int64_t> huge{1 << 20, 1 << 20};
  EXPECT_NE(error_of([&] {
              import(picture()
                         .initializer("extents", huge)
                         .node("ConstantOfShape", {"extents"}, {"c"})
                         .node("Exp", {"c"}, {"y"})
                         .output("y"));
            }).find("too large"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              import(picture()
                         .initializer("start", {}, {0})
                         .initializer("end", {}, {1e12F})
                         .initializer("step", {}, {1})
                         .node("Range", {"start", "end", "step"}, {"y"})
                         .output("y"));
            }).find("too many numbers"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              import(picture()
                         .initializer("repeats", {1 << 30, 1 << 30, 1, 1})
                         .node("Tile", {"x", "repeats"}, {"y"})
                         .output("y"));
            }).find("2^40"),
            std::string::npos);
}

TEST(OnnxImporterFaults, damaged_files_are_refused_or_imported) {
  test::Random random(11);
  int imported = 0;
  int refused = 0;
  for (const auto& [name, seed] : test::onnx_seeds()) {
    for (int round = 0; round < 3000; ++round) {
      std::string bytes = seed;
      for (int change = test::pick(random, 1, 4); change > 0; --change) {
        const auto place =
            static_cast<std::size_t>(test::pick(random, 0, static_cast<int>(bytes.size()) - 1));
        bytes[place] = static_cast<char>(
            test::pick(random, 0, 3) == 0 ? random() : bytes[place] ^ (1 << test::pick(random, 0, 7)));
      }
      const auto owner = std::make_shared<const std::string>(bytes);
      try {
        const onnx::Network network =
            onnx::import_network(onnx::parse_model(*owner, owner, "damaged.onnx", nullptr), 4, 4);
        ++imported;
      } catch (const Error& error) {
        ++refused;
        const std::string message = error.what();
        EXPECT_TRUE(std::all_of(message.begin(), message.end(),
                                [](char c) { return static_cast<unsigned char>(c) >= 0x20; }));
        EXPECT_LT(message.size(), 1000U);
      }
    }
  }
  EXPECT_GT(imported, 500);
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace edge
