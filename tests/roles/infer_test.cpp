// Options, inputs, files and the JSON line of `edge infer`.
#include "roles/infer/infer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/npy.h"
#include "roles/classify.h"
#include "roles/config/model_values.h"
#include "roles/infer/dump.h"
#include "roles/infer/frame_line.h"
#include "roles/infer/input.h"
#include "roles/infer/process.h"
#include "roles/infer/tensor_files.h"
#include "tests/json_schema.h"

namespace edge::infer {
namespace {

template <class Task>
std::string message_of(const Task& task) {
  try {
    task();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

Tensor frame_of(const Shape& shape) {
  Tensor frame(shape);
  std::uint32_t state = 1;
  for (float& value : frame.values()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) * 0x1p-24F;
  }
  return frame;
}

class Infer : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  std::string save(const std::string& name, const Tensor& tensor) const {
    save_npy(path(name), tensor);
    return path(name);
  }

  static ExecutorOptions options() { return {.isa = kernels::active_isa(), .gemm = GemmBackend::edge}; }

 private:
  std::filesystem::path directory_ = std::filesystem::temp_directory_path() /
                                     ("edge_infer_" + std::to_string(::getpid()) + "_" +
                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Infer, ranges_of_layers) {
  EXPECT_EQ(parse_layers("1-6"), LayerRange(1, 6));
  EXPECT_EQ(parse_layers("7"), LayerRange(7, 7));
  EXPECT_EQ(parse_layers("3-3"), LayerRange(3, 3));
  for (const char* const text : {"", "0", "0-3", "-3", "3-", "1-2-3", "a-b", "1.5", "+1-2", " 1-2",
                                 "features.0", "99999999999-99999999999", "1-\n2"}) {
    EXPECT_EQ(message_of([&] { parse_layers(text); }).find("--layers: expected A-B or A, counted from 1"), 0U)
        << text;
  }
  EXPECT_EQ(message_of([] { parse_layers("6-1"); }), "--layers: 6-1 ends before it begins; write 1-6");
}

TEST_F(Infer, sizes_of_frames) {
  EXPECT_EQ(parse_frame_size("480x720", "--size"), (Extent2d{480, 720}));
  for (const char* const text :
       {"", "480", "480x", "x720", "480X720", "480x720x3", "a x b", "480 x 720", "+1x1"}) {
    EXPECT_EQ(message_of([&] {
                parse_frame_size(text, "--size");
              }).find("--size: expected ROWSxCOLUMNS, for example 480x720, found '"),
              0U)
        << text;
  }
  EXPECT_EQ(message_of([] { parse_frame_size("0x5", "--size"); }),
            "--size: rows and columns must be 1 to 16384, found 0");
  EXPECT_EQ(message_of([] { parse_frame_size("5x-5", "--size"); }),
            "--size: rows and columns must be 1 to 16384, found -5");
  EXPECT_EQ(message_of([] { parse_frame_size("16384x16384", "--size"); }),
            "--size: 16384 x 16384 is 268 million pixels; at most 64 million are allowed");
}

TEST_F(Infer, the_frame_in_an_npy_decides_the_size) {
  const std::string file = save("x.npy", frame_of({1, 3, 5, 7}));
  EXPECT_EQ(frame_size(file, true, std::nullopt), (Extent2d{5, 7}));
  EXPECT_EQ(frame_size(file, true, Extent2d{5, 7}), (Extent2d{5, 7}));
  EXPECT_EQ(frame_size(file, false, std::nullopt), (Extent2d{224, 224}));
  EXPECT_EQ(frame_size("street.jpg", true, std::nullopt), (Extent2d{224, 224}));
  EXPECT_EQ(frame_size("street.jpg", true, Extent2d{10, 20}), (Extent2d{10, 20}));
  EXPECT_EQ(message_of([&] {
              frame_size(file, true, Extent2d{7, 5});
            }),
            file + ": a frame of 5x7, but --size says 7x5; leave --size out, as .npy frames are not scaled");
  for (const Shape& shape : {Shape{3, 5, 7}, Shape{2, 3, 5, 7}, Shape{1, 4, 5, 7}, Shape{1, 5, 7, 3}}) {
    save("x.npy", frame_of(shape));
    EXPECT_EQ(message_of([&] { frame_size(file, true, std::nullopt); }),
              file + ": a frame is 1x3xROWSxCOLUMNS, not " + shape.to_string());
  }
}

TEST_F(Infer, frames_of_files_and_scenes) {
  const Tensor frame = frame_of({1, 3, 5, 7});
  const auto input = open_frames(save("x.npy", frame), {5, 7});
  const auto given = input->next();
  ASSERT_TRUE(given);
  EXPECT_TRUE(bit_equal(given->at(0), frame));
  EXPECT_FALSE(input->next());

  const auto scene = open_frames("synthetic:street?frames=2", {8, 12});
  for (int i = 0; i < 2; ++i) {
    const auto next = scene->next();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->at(0).shape(), Shape({1, 3, 8, 12}));
    for (const float value : next->at(0).values()) ASSERT_TRUE(value >= 0 && value <= 1);
  }
  EXPECT_FALSE(scene->next());

  Tensor bad = frame.clone();
  bad.data()[3] = NAN;
  bad.data()[4] = INFINITY;
  const std::string file = save("nan.npy", bad);
  EXPECT_EQ(message_of([&] { open_frames(file, {5, 7}); }), file + ": 2 of 105 values are infinite or NaN");
  EXPECT_EQ(message_of([&] {
              open_frames(path(""), {5, 7});
            }),
            path("") + ": is a directory; name a frame (.npy), an image or a video");
}

TEST_F(Infer, one_tensor_is_a_file_several_are_a_directory) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  LayerIndex several = 1;
  while (graph.boundary(several).size() < 4) ++several;
  TensorMap tensors;
  for (const LayerIndex layer : graph.boundary(several)) {
    tensors[layer] = frame_of(graph.layer(layer).output_shape);
  }
  TensorOutput(path("made")).write(graph, tensors);
  const TensorMap read = read_tensors(graph, graph.boundary(several), path("made"));
  ASSERT_EQ(read.size(), 4U);
  for (const auto& [layer, tensor] : tensors) EXPECT_TRUE(bit_equal(read.at(layer), tensor));

  const TensorMap one{{3, frame_of(graph.layer(3).output_shape)}};
  TensorOutput(path("one.npy")).write(graph, one);
  TensorOutput(path("made")).write(graph, one);
  for (const char* const place : {"one.npy", "made"}) {
    EXPECT_TRUE(bit_equal(read_tensors(graph, {3}, path(place)).at(3), one.at(3))) << place;
  }

  EXPECT_EQ(message_of([&] {
              read_tensors(graph, graph.boundary(several), path("one.npy"));
            }).find(path("one.npy") + ": not a directory; 4 tensors are needed there as .npy files: "),
            0U);
  EXPECT_EQ(message_of([&] {
              TensorOutput(path("one.npy")).write(graph, tensors);
            }).find(path("one.npy") + ": no "),
            0U);
  EXPECT_NE(message_of([&] {
              read_tensors(graph, graph.boundary(several), path(""));
            }).find(".npy: cannot be opened"),
            std::string::npos);
}

TEST_F(Infer, a_tensor_of_another_shape_is_refused_with_both) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  const std::string file = save("x.npy", frame_of({1, 16, 7, 11}));
  EXPECT_EQ(message_of([&] { read_tensors(graph, {3}, file); }),
            file +
                ": a tensor of 1x16x7x11, but layer 3 (stem.pool) of toy_dag makes 1x16x8x12 from frames of "
                "32x48; --size names the size of the frames");
}

TEST_F(Infer, a_dump_has_every_layer) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .fold_batch_norms = false});
  const SeededWeights weights(1);
  const TensorMap given{{0, frame_of(graph.layer(0).output_shape)}};
  Executor executor(graph, weights, options());
  dump_layers(executor, graph, {1, graph.size() - 1}, given, path("dump"));

  std::vector<LayerIndex> all;
  for (LayerIndex layer = 1; layer < graph.size(); ++layer) all.push_back(layer);
  Executor whole(graph, weights, options());
  const TensorMap outputs = whole.run(all, given, all);
  EXPECT_TRUE(bit_equal(load_npy(path("dump/input.npy")), given.at(0)));
  for (const auto& [layer, tensor] : outputs) {
    EXPECT_TRUE(bit_equal(load_npy(file_of(graph, layer, path("dump"))), tensor)) << graph.layer(layer).name;
  }
}

/// Whatever lies in front of a cut, as files, gives the same bits behind it.
void expect_same_behind_cuts(const std::string& network, const std::vector<LayerIndex>& cuts,
                             const std::string& directory) {
  const Graph graph = make_model(network, {.rows = 64, .columns = 64});
  const SeededWeights weights(1);
  const TensorMap given{{0, frame_of(graph.layer(0).output_shape)}};
  Executor executor(graph, weights, {.isa = kernels::active_isa(), .gemm = GemmBackend::edge, .threads = 2});
  const Array whole = executor.run_range(1, graph.size(), given).at(graph.output());
  for (const LayerIndex cut : cuts) {
    TensorOutput(directory).write(graph, executor.run_range(1, cut, given));
    const auto input = open_boundary(directory, graph, cut);
    const auto boundary = input->next();
    ASSERT_TRUE(boundary);
    EXPECT_FALSE(input->next());
    EXPECT_TRUE(bit_equal(executor.run_range(cut, graph.size(), *boundary).at(graph.output()), whole))
        << network << " cut in front of layer " << cut;
    std::filesystem::remove_all(directory);
  }
}

TEST_F(Infer, chained_ranges_give_the_same_bits) {
  std::vector<LayerIndex> all;
  for (LayerIndex cut = 2; cut < make_model("toy_dag", {}).size(); ++cut) all.push_back(cut);
  expect_same_behind_cuts("toy_dag", all, path("boundary"));
}

TEST_F(Infer, chained_ranges_of_googlenet_give_the_same_bits) {
  expect_same_behind_cuts("googlenet", {2, 12, 17, 60, 139}, path("boundary"));
}

class Line : public Infer {
 protected:
  static nlohmann::json line(const Graph& graph, LayerRange range, const TensorMap& outputs, int top,
                             std::vector<double> runs_ms, const Labels& labels = {}) {
    const SeededWeights weights(1);
    const Executor executor(graph, weights, options());
    const FrameTimes times{.load_ms = 1.5, .first_ms = 20.25, .runs_ms = std::move(runs_ms)};
    const test::JsonSchema schema(EDGE_TEST_DATA "/../../../docs/output.schema.json");
    auto json = nlohmann::json::parse(frame_line({.frame = 3,
                                                  .graph = graph,
                                                  .layers = range,
                                                  .executor = executor,
                                                  .times = times,
                                                  .peak_memory = 12345,
                                                  .outputs = outputs,
                                                  .top = top,
                                                  .labels = labels}));
    EXPECT_EQ(schema.fault(json), "") << json;
    return json;
  }
};

TEST_F(Line, of_a_detector) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .classes = 4});
  const SeededWeights weights(1);
  const Executor executor(graph, weights, options());
  const Tensor output = Tensor::zeros({1, 4});
  const std::vector<detection::Detection> objects{{1, 0.83456F, {1.234F, 2, 3.5F, 4}}, {7, 1, {0, 0, 1, 1}}};
  const std::vector<detection::Detection> none;
  const Labels labels({"car", "person"});
  const test::JsonSchema schema(EDGE_TEST_DATA "/../../../docs/output.schema.json");
  for (const auto* const found : {&objects, &none}) {
    const auto json =
        nlohmann::json::parse(frame_line({.frame = 0,
                                          .graph = graph,
                                          .layers = {1, graph.output()},
                                          .executor = executor,
                                          .times = {.load_ms = 0, .first_ms = 0, .runs_ms = {1}},
                                          .peak_memory = 1,
                                          .outputs = {{graph.output(), output}},
                                          .top = 5,
                                          .labels = labels,
                                          .objects = found}));
    EXPECT_EQ(schema.fault(json), "") << json;
    EXPECT_FALSE(json.contains("top_k"));
    EXPECT_EQ(json.at("objects").size(), found->size());
    if (found->empty()) continue;
    EXPECT_EQ(json.at("objects")[0],
              nlohmann::json::parse(
                  R"({"class": "person", "index": 1, "score": 0.8346, "box": [1.23, 2, 3.5, 4]})"));
    EXPECT_TRUE(json.at("objects")[1].at("class").is_null());
  }
}

TEST_F(Line, people_get_some_lines) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .classes = 4});
  const SeededWeights weights(1);
  const Executor executor(graph, weights, options());
  const std::vector<detection::Detection> objects{{1, 0.83456F, {1.234F, 2, 3.5F, 4}}, {7, 1, {0, 0, 1, 1}}};
  const Labels labels({"car", "person"});
  const FrameTimes times{.load_ms = 0, .first_ms = 0, .runs_ms = {1.25}};
  const TensorMap outputs{{graph.output(), Tensor::zeros({1, 4})}};
  FrameLine line{.frame = 3,
                 .graph = graph,
                 .layers = {1, graph.output()},
                 .executor = executor,
                 .times = times,
                 .outputs = outputs,
                 .top = 2,
                 .labels = labels,
                 .objects = &objects};
  EXPECT_EQ(frame_text(line),
            "frame 3: 1.2 ms, 1 person, 1 of class 7\n"
            "  person           0.83   1 2 4 4\n"
            "  class 7          1.00   0 0 1 1\n");
  line.objects = nullptr;
  EXPECT_EQ(frame_text(line), "frame 3: 1.2 ms\n   25.0 %  car\n   25.0 %  person\n");
  const FrameLine part{.frame = 0,
                       .graph = graph,
                       .layers = {1, 1},
                       .executor = executor,
                       .times = times,
                       .outputs = {{1, Tensor::zeros({1, 4})}},
                       .labels = labels};
  EXPECT_EQ(frame_text(part).find("frame 0: 1.2 ms, stem.conv 1x4, checksum "), 0U) << frame_text(part);
}

TEST_F(Line, of_a_whole_network) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .classes = 4});
  Tensor logits({1, 4});
  for (std::size_t i = 0; i < 4; ++i) logits.data()[i] = i == 2 ? 9.0F : 0.0F;
  const nlohmann::json json = line(graph, {1, graph.output()}, {{graph.output(), logits}}, 2, {5, 1, 9, 2});
  EXPECT_EQ(json.at("frame"), 3);
  EXPECT_EQ(json.at("model"), "toy_dag");
  EXPECT_EQ(json.at("input"), (std::vector<int>{32, 48}));
  EXPECT_EQ(json.at("layers"), (std::vector<int>{1, graph.output()}));
  EXPECT_EQ(json.at("threads"), 1);
  EXPECT_EQ(json.at("isa"), kernels::isa_name(kernels::active_isa()));
  EXPECT_EQ(json.at("ms"), 3.5);
  EXPECT_EQ(json.at("min_ms"), 1);
  EXPECT_EQ(json.at("first_ms"), 20.25);
  EXPECT_EQ(json.at("load_ms"), 1.5);
  EXPECT_EQ(json.at("peak_bytes"), 12345);
  EXPECT_EQ(json.at("output_shape"), (std::vector<int>{1, 4}));
  ASSERT_EQ(json.at("top_k").size(), 2U);
  EXPECT_EQ(json.at("top_k")[0].at("index"), 2);
  EXPECT_TRUE(json.at("top_k")[0].at("class").is_null());
  EXPECT_TRUE(line(graph, {1, graph.output()}, {{graph.output(), logits}}, 0, {1}).at("top_k").empty());
  const nlohmann::json labelled =
      line(graph, {1, graph.output()}, {{graph.output(), logits}}, 1, {1}, Labels::imagenet());
  EXPECT_EQ(labelled.at("top_k")[0].at("class"), "great white shark");
}

TEST_F(Line, of_a_part) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  TensorMap outputs;
  for (const LayerIndex layer : graph.boundary(9)) outputs[layer] = frame_of(graph.layer(layer).output_shape);
  const nlohmann::json several = line(graph, {1, 8}, outputs, 5, {1});
  ASSERT_EQ(several.at("outputs").size(), outputs.size());
  EXPECT_EQ(several.at("outputs")[0].at("name"), graph.layer(outputs.begin()->first).name);
  EXPECT_EQ(several.at("outputs")[0].at("checksum").get<std::string>().size(), 8U);
  EXPECT_FALSE(several.contains("top_k"));
  // Not the network's output, although it is a row of numbers.
  const LayerIndex inner = graph.output() - 1;
  const TensorMap row{{inner, frame_of({1, 1000})}};
  EXPECT_TRUE(line(graph, {1, inner}, row, 5, {1}).at("top_k").empty());
}

TEST_F(Infer, medians) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

TEST_F(Infer, what_the_process_used) {
  const double before = seconds_since_start();
  EXPECT_GT(before, 0);
  EXPECT_GE(seconds_since_start(), before);
  EXPECT_GT(peak_memory(), 100'000U);
}

}  // namespace
}  // namespace edge::infer
