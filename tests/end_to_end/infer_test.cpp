// `edge infer` as a process: .npy and images in, chained ranges of layers, dumps, weights, and bad input.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/models/models.h"
#include "engine/npy.h"
#include "tests/end_to_end/edge_process.h"
#include "tests/roles/weight_files.h"

namespace edge::test {
namespace {

constexpr int layers = 25;  // of toy_dag

class InferProcess : public ::testing::Test {
 protected:
  struct Outcome {
    int status = -1;
    std::string output;
    std::string errors;
  };
  Outcome run(const std::vector<std::string>& arguments) {
    std::filesystem::remove(path("run.out"));
    std::filesystem::remove(path("run.err"));
    std::vector<std::string> command = edge_command({"infer"});
    command.insert(command.end(), arguments.begin(), arguments.end());
    EdgeProcess process(command, path("run.out"), path("run.err"));
    Outcome outcome;
    outcome.status = process.wait(30s);
    outcome.output = process.output();
    outcome.errors = process.errors();
    return outcome;
  }
  /// The lines of a run that has to succeed.
  std::vector<nlohmann::json> lines(const std::vector<std::string>& arguments) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    return json_lines(outcome.output);
  }
  nlohmann::json line(const std::vector<std::string>& arguments) {
    const std::vector<nlohmann::json> all = lines(arguments);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? nlohmann::json() : all.front();
  }
  /// What is said about bad input: one line, nothing on stdout.
  std::string refusal(const std::vector<std::string>& arguments) {
    const Outcome outcome = run(arguments);
    EXPECT_NE(outcome.status, 0) << fmt::format("{}", fmt::join(arguments, " "));
    EXPECT_LT(outcome.status, 128) << outcome.errors;
    EXPECT_EQ(outcome.output, "");
    std::string said;
    for (std::size_t begin = 0; begin < outcome.errors.size();) {
      const std::size_t end = std::min(outcome.errors.find('\n', begin), outcome.errors.size());
      const std::string text = outcome.errors.substr(begin, end - begin);
      if (text.find("warning: no --weights") == std::string::npos) said += text + "\n";
      begin = end + 1;
    }
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    return said;
  }

  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  /// A frame of 40x56.
  std::string frame() const {
    Tensor tensor({1, 3, 40, 56});
    std::uint32_t state = 1;
    for (float& value : tensor.values()) {
      state = state * 1664525U + 1013904223U;
      value = static_cast<float>(state >> 8) * 0x1p-24F;
    }
    save_npy(path("x.npy"), tensor);
    return path("x.npy");
  }

  TemporaryDirectory directory_;
};

TEST_F(InferProcess, an_npy_in_and_out) {
  const Outcome outcome = run({"--model", "toy_dag", "--input", frame(), "--output", path("y.npy"), "--top",
                               "3", "--threads", "2", "--repeat", "3"});
  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_NE(outcome.errors.find("no --weights: toy_dag has random ones (seed 1)"), std::string::npos);
  const nlohmann::json json = json_lines(outcome.output).at(0);
  EXPECT_EQ(json.at("input"), (std::vector<int>{40, 56}));
  EXPECT_EQ(json.at("layers"), (std::vector<int>{1, layers}));
  EXPECT_EQ(json.at("threads"), 2);
  EXPECT_EQ(json.at("output_shape"), (std::vector<int>{1, 1000}));
  EXPECT_EQ(json.at("top_k").size(), 3U);
  EXPECT_GT(json.at("ms"), 0);
  EXPECT_LE(json.at("min_ms"), json.at("ms"));
  EXPECT_GT(json.at("first_ms"), json.at("load_ms"));
  EXPECT_GT(json.at("peak_bytes"), json.at("parameter_bytes"));
  EXPECT_EQ(npy_shape(path("y.npy")), Shape({1, 1000}));
  // The same with one thread; other weights give something else.
  EXPECT_EQ(line({"--model", "toy_dag", "--input", path("x.npy"), "--threads", "1"}).at("checksum"),
            json.at("checksum"));
  EXPECT_NE(line({"--model", "toy_dag", "--input", path("x.npy"), "--seed", "2"}).at("checksum"),
            json.at("checksum"));
  EXPECT_NE(line({"--model", "toy_dag", "--input", path("x.npy"), "--normalize", "imagenet"}).at("checksum"),
            json.at("checksum"));
}

TEST_F(InferProcess, chained_layers_over_files) {
  const auto whole = line({"--model", "toy_dag", "--input", frame()}).at("checksum");
  for (const int cut : {3, 8, 17}) {
    const std::string between = path(fmt::format("cut{}", cut));
    lines({"--model", "toy_dag", "--input", path("x.npy"), "--layers", fmt::format("1-{}", cut), "--output",
           between});
    EXPECT_EQ(line({"--model", "toy_dag", "--size", "40x56", "--input", between, "--layers",
                    fmt::format("{}-{}", cut + 1, layers)})
                  .at("checksum"),
              whole)
        << cut;
  }
}

TEST_F(InferProcess, a_dump_can_be_computed_on) {
  lines({"--model", "toy_dag", "--input", frame(), "--dump", path("dump"), "--output", path("y.npy"),
         "--unfolded"});
  EXPECT_TRUE(bit_equal(load_npy(path("dump/softmax.npy")), load_npy(path("y.npy"))));
  EXPECT_TRUE(bit_equal(load_npy(path("dump/input.npy")), load_npy(path("x.npy"))));
  EXPECT_TRUE(std::filesystem::exists(path("dump/residual.norm1.npy")));
  EXPECT_TRUE(std::filesystem::exists(path("dump/residual.conv1.npy")));
  lines({"--model", "toy_dag", "--size", "40x56", "--input", path("dump"), "--layers", "9-27", "--unfolded",
         "--output", path("z.npy")});
  EXPECT_TRUE(bit_equal(load_npy(path("z.npy")), load_npy(path("y.npy"))));
}

TEST_F(InferProcess, images_and_videos) {
  const std::string sample = EDGE_SOURCE_DIRECTORY "/media/sample.mp4";
  for (const char* const name : {"frame.png", "frame.jpg", "frame.webp", "frame.bmp"}) {
    const std::string image = path(name);
    ASSERT_EQ(
        std::system(fmt::format("ffmpeg -nostdin -v error -y -i {} -frames:v 1 {}", sample, image).c_str()),
        0);
    const nlohmann::json json = line({"--model", "toy_dag", "--input", image, "--size", "64x96"});
    EXPECT_EQ(json.at("input"), (std::vector<int>{64, 96})) << name;
  }
  // Of a video one frame, unless more are asked for; the usual size is 224x224.
  const auto frames = lines({"--model", "toy_dag", "--input", sample, "--frames", "2"});
  EXPECT_EQ(line({"--model", "toy_dag", "--input", sample}).at("checksum"), frames.at(0).at("checksum"));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].at("input"), (std::vector<int>{224, 224}));
  EXPECT_EQ(frames[1].at("frame"), 1);
  EXPECT_NE(frames[0].at("checksum"), frames[1].at("checksum"));
  EXPECT_EQ(lines({"--model", "toy_dag", "--input", "synthetic:street?frames=3", "--frames", "0"}).size(),
            3U);
}

TEST_F(InferProcess, weights_and_labels) {
  const Graph graph = make_model("toy_dag", {.rows = 40, .columns = 56, .classes = 3});
  save_seeded_weights(graph, 1, path("w.safetensors"));
  directory_.write("names.txt", "cat\ndog\nbus\n");
  const Outcome outcome = run({"--model", "toy_dag", "--weights", path("w.safetensors"), "--labels",
                               path("names.txt"), "--input", frame()});
  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_EQ(outcome.errors, "");
  const nlohmann::json json = json_lines(outcome.output).at(0);
  EXPECT_EQ(json.at("output_shape"), (std::vector<int>{1, 3}));
  ASSERT_EQ(json.at("top_k").size(), 3U);
  EXPECT_FALSE(json.at("top_k")[0].at("class").get<std::string>().empty());

  save_seeded_weights(graph, 1, path("nan.safetensors"),
                      [](NamedTensors& tensors) { tensors["fc.bias"].data()[1] = NAN; });
  EXPECT_NE(refusal({"--model", "toy_dag", "--weights", path("nan.safetensors"), "--input", frame()})
                .find("nan.safetensors: fc.bias has 1 of 3 values infinite or NaN"),
            std::string::npos);
  EXPECT_NE(refusal({"--model", "resnet18", "--weights", path("w.safetensors"), "--input", frame()})
                .find("does not fit resnet18: missing: conv1.weight, "),
            std::string::npos);
}

/// "480x720" of an image that ffmpeg can read: rows and columns.
std::string size_of_image(const std::string& file, const std::string& scratch) {
  const std::string command = fmt::format(
      "ffprobe -v error -show_entries stream=height,width -of csv=p=0:s=x {} > {}", file, scratch);
  if (std::system(command.c_str()) != 0) return "none";
  const std::string text = read_file(scratch);  // columns x rows
  const std::size_t cross = text.find('x');
  return text.substr(cross + 1, text.find_first_not_of("0123456789", cross + 1) - cross - 1) + "x" +
         text.substr(0, cross);
}

TEST_F(InferProcess, objects_in_lines_and_pictures) {
  const std::string sample = EDGE_SOURCE_DIRECTORY "/media/sample.mp4";
  const auto frames = lines(
      {"--model", "street", "--input", sample, "--frames", "3", "--draw", path("seen"), "--threads", "2"});
  ASSERT_EQ(frames.size(), 3U);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const nlohmann::json& objects = frames[i].at("objects");
    EXPECT_FALSE(frames[i].contains("top_k"));
    EXPECT_GE(objects.size(), 2U);
    double last = 1;
    for (const nlohmann::json& object : objects) {
      EXPECT_EQ(object.at("class"), object.at("index") == 0 ? "car" : "person");
      EXPECT_LE(object.at("score"), last);
      last = object.at("score");
      const auto box = object.at("box").get<std::vector<double>>();
      EXPECT_TRUE(0 <= box.at(0) && box.at(0) < box.at(2) && box.at(2) <= 720) << object;
      EXPECT_TRUE(0 <= box.at(1) && box.at(1) < box.at(3) && box.at(3) <= 480) << object;
    }
    EXPECT_EQ(size_of_image(path(fmt::format("seen/{:06}.jpg", i)), path("size")), "480x720");
  }
  // Only some of them.
  const auto people =
      line({"--model", "street", "--input", sample, "--classes", "person", "--threshold", "0.6"})
          .at("objects");
  std::size_t expected = 0;
  for (const nlohmann::json& object : frames[0].at("objects")) {
    if (object.at("class") == "person" && object.at("score") >= 0.6) ++expected;
  }
  EXPECT_EQ(people.size(), expected);
  EXPECT_EQ(
      line({"--model", "street", "--input", sample, "--classes", "1", "--threshold", "0.6"}).at("objects"),
      people);
  directory_.write("names.txt", "auto\nhumano\n");
  for (const nlohmann::json& object :
       line({"--model", "street", "--input", sample, "--labels", path("names.txt")}).at("objects")) {
    EXPECT_EQ(object.at("class"), object.at("index") == 0 ? "auto" : "humano");
  }
  EXPECT_FALSE(line({"--model", "street", "--input", sample, "--decoder", "none"}).contains("objects"));
  // Boxes and pictures are the source's, whatever its frames are.
  const auto letterboxed = line({"--model", "street", "--input", sample, "--size", "416x416", "--draw",
                                 path("boxed"), "--threshold", "0.2"})
                               .at("objects");
  ASSERT_FALSE(letterboxed.empty());
  EXPECT_EQ(size_of_image(path("boxed/000000.jpg"), path("size")), "480x720");
  // A scene has the frame's size.
  lines({"--model", "street", "--input", "synthetic:street", "--size", "240x320", "--draw", path("boxed")});
  EXPECT_EQ(size_of_image(path("boxed/000000.jpg"), path("size")), "240x320");
}

TEST_F(InferProcess, objects_that_cannot_be) {
  const std::string x = frame();
  const auto expect = [&](const std::vector<std::string>& arguments, const std::string& part) {
    std::vector<std::string> all = {"--input", x};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const std::string said = refusal(all);
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  directory_.write("file", "");
  directory_.write("names.txt", "car\n");
  expect({"--model", "street", "--decoder", "yolo"},
         "--decoder: unknown decoder 'yolo'; known: auto, none, ");
  expect({"--model", "street", "--decoder", "yolov8"},
         "decoder = \"yolov8\" reads 1x(4+classes)x51 or 1x51x(4+classes) from frames of 40x56, but street "
         "has ");
  expect({"--model", "street", "--decoder", "yolov8"}, "they fit decoder = \"street\"");
  expect({"--model", "street", "--threshold", "1.5"}, "--threshold: must be a number from 0 to 1, not '1.5'");
  expect({"--model", "street", "--nms", "much"}, "--nms: must be a number from 0 to 1, not 'much'");
  expect({"--model", "street", "--classes", "cat"}, "--classes: there is no class 'cat'");
  expect({"--model", "street", "--classes", "2"}, "--classes: the network has 2 classes, 0 to 1, not 2");
  expect({"--model", "street", "--labels", path("names.txt")},
         "names.txt: 1 names, but street has 2 classes");
  expect({"--model", "street", "--layers", "1-3", "--nms", "0.5"}, "behind its last layer");
  expect({"--model", "street", "--draw", path("file")}, "file: no directory can be made");
  expect({"--model", "street", "--draw", path("none/seen")}, "none/seen: no directory can be made");
  expect({"--model", "toy_dag", "--draw", path("seen")},
         "no decoder makes objects of the outputs of toy_dag");
  expect({"--model", "toy_dag", "--threshold", "0.5"}, "name one with --decoder, or leave --threshold");
  EdgeProcess process(edge_command({"infer", "--input", x, "--model", "street", "--draw", path("seen")}),
                      path("run.out"), path("run.err"), {{"PATH", path("none")}});
  EXPECT_EQ(process.wait(30s), 1);
  EXPECT_NE(process.errors().find("ffmpeg not found: install the package ffmpeg, or leave --draw out"),
            std::string::npos)
      << process.errors();
}

TEST_F(InferProcess, bad_input_is_refused_in_one_line) {
  frame();
  directory_.write("text.jpg", "not a picture");
  directory_.write("short.npy", read_file(path("x.npy")).substr(0, 1000));
  std::filesystem::create_directory(path("folder"));
  directory_.write("locked", "");
  const auto expect = [&](const std::vector<std::string>& arguments, const std::string& part) {
    std::vector<std::string> all = {"--model", "toy_dag"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const std::string said = refusal(all);
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  const std::string x = path("x.npy");
  EXPECT_NE(
      refusal({"--model", "toydag", "--input", x}).find("unknown network 'toydag'; did you mean toy_dag?"),
      std::string::npos);
  EXPECT_NE(refusal({"--input", x}).find("--model is missing"), std::string::npos);
  EXPECT_NE(refusal({"--model", "alexnet", "--input", x}).find("frames of 40x56 do not fit alexnet"),
            std::string::npos);
  expect({}, "--input is missing");
  expect({"--input", path("none.npy")}, "none.npy: cannot be opened: No such file");
  expect({"--input", path("none.jpg")}, "none.jpg: cannot open: No such file");
  expect({"--input", path("text.jpg")}, "text.jpg: ");
  expect({"--input", path("folder")}, "folder: is a directory");
  expect({"--input", path("short.npy")}, "short.npy: cut off, or damaged");
  expect({"--input", x, "--size", "224x224"}, "a frame of 40x56, but --size says 224x224");
  expect({"--input", x, "--size", "0x9"}, "--size: rows and columns must be 1 to 16384");
  expect({"--input", x, "--layers", "5-99"}, "--layers: 5-99, but toy_dag has layers 1-25");
  expect({"--input", x, "--layers", "0-3"}, "--layers: expected A-B or A, counted from 1");
  expect({"--input", x, "--layers", "6-5"}, "--layers: 6-5 ends before it begins");
  expect({"--input", x, "--layers", "9-10"}, "x.npy: not a directory; ");
  expect({"--input", x, "--layers", "4-10"}, "a tensor of 1x3x40x56, but layer 3 (stem.pool)");
  expect({"--input", x, "--threads", "0"}, "--threads: must be 1 to 1024, not 0");
  expect({"--input", x, "--threads", "-1"}, "--threads: must be 1 to 1024, not -1");
  expect({"--input", x, "--repeat", "0"}, "--repeat: must be 1 to");
  expect({"--input", x, "--top", "-1"}, "--top: must be 0 to");
  expect({"--input", x, "--frames", "2", "--output", path("y.npy")}, "--output takes one frame");
  expect({"--input", x, "--normalize", "mean"}, "--normalize: expected one of none, imagenet");
  expect({"--input", x, "--transform-input"}, "toy_dag has no transform_input");
  expect({"--input", x, "--output", path("folder/none/y.npy")}, "y.npy: cannot be written: No such file");
  expect({"--input", x, "--dump", path("locked")}, "locked: no directory can be made: Not a directory");
  expect({"--input", x, "--dump", "/proc"}, "/proc: no files can be written to it");
  expect({"--input", x, "y.npy"}, "unexpected argument 'y.npy'");
  expect({"--input", x, "--weights", path("text.jpg")}, "neither a PyTorch file");
  expect({"--input", x, "--top", "many"}, "many");
}

TEST_F(InferProcess, computes_only_what_changed) {
  const std::vector<std::string> video{"--model",  "street",  "--size",
                                       "96x144",   "--input", "synthetic:street?seed=4&noise=1&frames=8",
                                       "--frames", "0"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), video.begin(), video.end());
    return lines(more);
  };
  const auto dense = with({"--gate", "4"});
  const auto kept = with({"--gate", "4", "--keep", "100"});
  ASSERT_EQ(kept.size(), 8U);
  ASSERT_EQ(dense.size(), 8U);
  double computed = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].at("checksum"), dense[i].at("checksum")) << "frame " << i;
    EXPECT_FALSE(dense[i].contains("computed"));
    EXPECT_GT(kept[i].at("kept_bytes"), 0);
    if (i > 0) computed += kept[i].at("computed").get<double>();
  }
  EXPECT_EQ(kept[0].at("computed"), 1);
  EXPECT_LT(computed, 7 * 0.95);
  EXPECT_NE(refusal({"--model", "toy_dag", "--input", frame(), "--keep", "9", "--repeat", "3"})
                .find("--keep: of a frame that is repeated nothing is computed again; leave --repeat out"),
            std::string::npos);
}

}  // namespace
}  // namespace edge::test
