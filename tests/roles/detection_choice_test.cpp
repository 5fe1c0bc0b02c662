// Which decoder goes with which outputs, and what is found of what they hold.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "roles/detection/default_labels.h"
#include "roles/video/scenes/scene.h"
#include "tests/roles/detection_support.h"

namespace edge::detection::test {
namespace {

/// A network whose outputs have these shapes.
Graph graph_with(const Extent2d& frame, const std::vector<Shape>& shapes) {
  Graph graph("x.onnx", {1, 3, frame.rows, frame.columns});
  std::vector<LayerIndex> outputs;
  for (const Shape& shape : shapes) {
    RearrangeLayer layer{.from = {}, .output = shape};
    layer.from.sizes = {shape.elements()};
    layer.from.strides = {0};
    outputs.push_back(graph.add("out" + std::to_string(outputs.size()), layer, {0}));
  }
  graph.set_outputs(outputs);
  return graph;
}

struct Published {
  const char* network;
  Extent2d frame;
  std::vector<Shape> shapes;
  const char* decoder;  ///< null: none
  int classes;
};

const std::vector<Published>& published() {
  static const std::vector<Published> all{
      {"street", {480, 720}, {{1, 6, 30, 45}}, "street", 2},
      {"street, odd size", {350, 601}, {{1, 6, 22, 38}}, "street", 2},
      {"YOLOv5s", {640, 640}, {{1, 25200, 85}}, "yolov5", 80},
      {"YOLOv5s, not square", {384, 640}, {{1, 15120, 85}}, "yolov5", 80},
      {"YOLOv5s6", {1280, 1280}, {{1, 102000, 85}}, "yolov5", 80},
      {"YOLOv5s of one class", {640, 640}, {{1, 25200, 6}}, "yolov5", 1},
      {"YOLOv5s of an old export",
       {640, 640},
       {{1, 25200, 85}, {1, 3, 80, 80, 85}, {1, 3, 40, 40, 85}, {1, 3, 20, 20, 85}},
       "yolov5",
       80},
      {"YOLOv7 --grid", {640, 640}, {{1, 25200, 85}}, "yolov5", 80},
      {"YOLOv7 without it",
       {640, 640},
       {{1, 3, 80, 80, 85}, {1, 3, 40, 40, 85}, {1, 3, 20, 20, 85}},
       nullptr,
       0},
      {"YOLOv8n", {640, 640}, {{1, 84, 8400}}, "yolov8", 80},
      {"YOLOv8n, transposed", {640, 640}, {{1, 8400, 84}}, "yolov8", 80},
      {"YOLO11n, not square", {480, 640}, {{1, 84, 6300}}, "yolov8", 80},
      {"YOLOv8n of two classes", {320, 320}, {{1, 6, 2100}}, "yolov8", 2},
      {"YOLOv8n-p2", {640, 640}, {{1, 84, 34000}}, "yolov8", 80},
      {"YOLOv8x6", {1280, 1280}, {{1, 84, 34000}}, "yolov8", 80},
      {"YOLOv8n-seg", {640, 640}, {{1, 116, 8400}, {1, 32, 160, 160}}, nullptr, 0},
      {"YOLOX-s", {640, 640}, {{1, 8400, 85}}, "yolox", 80},
      {"YOLOX-nano", {416, 416}, {{1, 3549, 85}}, "yolox", 80},
      {"YOLOX-s, not square", {480, 800}, {{1, 7875, 85}}, "yolox", 80},
      {"NanoDet-g",
       {416, 416},
       {{1, 2704, 80}, {1, 2704, 44}, {1, 676, 80}, {1, 676, 44}, {1, 169, 80}, {1, 169, 44}},
       "nanodet",
       80},
      {"NanoDet-m, outputs by kind",
       {320, 320},
       {{1, 1600, 80}, {1, 400, 80}, {1, 100, 80}, {1, 1600, 32}, {1, 400, 32}, {1, 100, 32}},
       "nanodet",
       80},
      {"NanoDet-m of 7 classes, not square",
       {320, 480},
       {{1, 2400, 32}, {1, 2400, 7}, {1, 600, 32}, {1, 600, 7}, {1, 150, 32}, {1, 150, 7}},
       "nanodet",
       7},
      {"NanoDet-m, one output", {320, 320}, {{1, 2100, 112}}, "nanodet", 80},
      {"NanoDet-g, one output", {416, 416}, {{1, 3549, 124}}, "nanodet", 80},
      {"NanoDet-Plus-m", {320, 320}, {{1, 2125, 112}}, "nanodet", 80},
      {"NanoDet-Plus-m 416", {416, 416}, {{1, 3598, 112}}, "nanodet", 80},
      {"NanoDet-Plus-m of 3 classes", {320, 320}, {{1, 2125, 35}}, "nanodet", 3},
      {"SSDlite", {320, 320}, {{1, 3234, 4}, {1, 3234, 91}}, "ssd", 91},
      {"SSDlite, scores first", {320, 320}, {{1, 3234, 91}, {1, 3234, 4}}, "ssd", 91},
      {"SSD300", {300, 300}, {{1, 8732, 4}, {1, 8732, 91}}, "ssd", 91},
      {"mb2-ssd-lite", {300, 300}, {{1, 3000, 21}, {1, 3000, 4}}, "ssd", 21},
      {"version-RFB-320", {240, 320}, {{1, 4420, 2}, {1, 4420, 4}}, "ssd", 2},
      {"DETR", {800, 800}, {{1, 100, 92}, {1, 100, 4}}, nullptr, 0},
      {"BlazeFace front", {128, 128}, {{1, 512, 1}, {1, 384, 1}, {1, 512, 16}, {1, 384, 16}}, "blazeface", 1},
      {"BlazeFace back", {256, 256}, {{1, 512, 1}, {1, 384, 1}, {1, 512, 16}, {1, 384, 16}}, "blazeface", 1},
      {"BlazeFace, joined", {128, 128}, {{1, 896, 16}, {1, 896, 1}}, "blazeface", 1},
      {"a classifier", {224, 224}, {{1, 1000}}, nullptr, 0},
      {"two classifiers", {224, 224}, {{1, 10}, {1, 4}}, nullptr, 0},
      {"features", {224, 224}, {{1, 512, 7, 7}}, nullptr, 0},
      {"PP-OCR", {480, 736}, {{1, 1, 480, 736}}, nullptr, 0},
      {"segmentation", {512, 512}, {{1, 21, 512, 512}}, nullptr, 0},
      {"a vector per token", {224, 224}, {{1, 197, 768}}, nullptr, 0},
  };
  return all;
}

TEST(MakeDecoder, AutoGoesByTheOutputsShapes) {
  for (const Published& network : published()) {
    SCOPED_TRACE(network.network);
    const auto decoder = make_decoder("auto", graph_with(network.frame, network.shapes));
    ASSERT_EQ(decoder != nullptr, network.decoder != nullptr);
    if (!decoder) continue;
    EXPECT_EQ(decoder->name(), network.decoder);
    EXPECT_EQ(decoder->classes(), network.classes);
    EXPECT_GT(decoder->usual_threshold(), 0);
    EXPECT_GT(decoder->usual_overlap(), 0);
    // By name it is the same one.
    const auto named = make_decoder(network.decoder, graph_with(network.frame, network.shapes));
    EXPECT_EQ(named->classes(), network.classes);
    EXPECT_EQ(make_decoder("none", graph_with(network.frame, network.shapes)), nullptr);
  }
}

TEST(MakeDecoder, NamesReadWhatGuessesLeaveAlone) {
  const auto classes = [](const char* name, const Extent2d& frame, const std::vector<Shape>& shapes) {
    return make_decoder(name, graph_with(frame, shapes))->classes();
  };
  EXPECT_EQ(classes("street", {480, 720}, {{1, 14, 60, 90}}), 10);
  EXPECT_EQ(classes("yolov8", {640, 640}, {{1, 8400, 9}}), 5);
  EXPECT_EQ(classes("yolox", {640, 640}, {{1, 8400, 9}}), 4);
  EXPECT_EQ(classes("nanodet", {320, 320}, {{1, 2100, 40}}), 8);
  EXPECT_EQ(classes("ssd", {512, 512}, {{1, 777, 4}, {1, 777, 3}}), 3);
  EXPECT_EQ(classes("yolov5", {640, 640}, {{1, 3, 80, 80, 85}, {1, 3, 40, 40, 85}, {1, 3, 20, 20, 85}}), 80);
  EXPECT_EQ(classes("nanodet", {416, 416},
                    {{1, 2704, 8}, {1, 2704, 24}, {1, 676, 8}, {1, 676, 24}, {1, 169, 8}, {1, 169, 24}}),
            8);
}

TEST(MakeDecoder, WhatAutoLeavesAloneIsSaid) {
  EXPECT_EQ(
      possible_decoder(graph_with({640, 640}, {{1, 3, 80, 80, 85}, {1, 3, 40, 40, 85}, {1, 3, 20, 20, 85}})),
      "yolov5");
  EXPECT_EQ(possible_decoder(graph_with({640, 640}, {{1, 300, 7}, {1, 300, 4}})), "ssd");
  EXPECT_EQ(possible_decoder(graph_with({224, 224}, {{1, 512, 7, 7}})), "");
  EXPECT_EQ(possible_decoder(graph_with({224, 224}, {{1, 1000}})), "");
}

std::string refusal(const std::string& name, const Extent2d& frame, const std::vector<Shape>& shapes) {
  try {
    make_decoder(name, graph_with(frame, shapes));
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "";
}

TEST(MakeDecoder, MisfitsNameTheOutputsAndWhatToSet) {
  EXPECT_EQ(refusal("yolov8", {640, 640}, {{1, 25200, 85}}),
            "decoder = \"yolov8\" reads 1x(4+classes)x8400 or 1x8400x(4+classes) from frames of 640x640, but "
            "x.onnx has out0 1x25200x85: they fit decoder = \"yolov5\"");
  const std::vector<Shape> classifier{{1, 1000}};
  for (const std::string& name : decoder_names()) {
    const std::string said = refusal(name, {224, 224}, classifier);
    EXPECT_NE(said.find("x.onnx has out0 1x1000: export the network without postprocessing "
                        "(docs/detection.md), or set decoder = \"none\""),
              std::string::npos)
        << said;
  }
  EXPECT_EQ(
      refusal("yolo", {640, 640}, {{1, 25200, 85}}),
      "decoder = \"yolo\": no such decoder; auto, none, street, blazeface, ssd, nanodet, yolov5, yolov8, "
      "yolox");
  const std::string many = refusal("yolox", {64, 64}, std::vector<Shape>(20, Shape{1, 7}));
  EXPECT_NE(many.find("out7 1x7 and 12 more"), std::string::npos) << many;
  // Every decoder says no to shapes that are not its own, whatever they are.
  Draw draw(23);
  for (int round = 0; round < 3000; ++round) {
    std::vector<Shape> shapes;
    for (std::int64_t i = draw(std::int64_t{7}) + 1; i > 0; --i) {
      std::vector<std::int64_t> extents{1};
      for (std::int64_t k = draw(std::int64_t{5}); k > 0; --k) extents.push_back(draw(std::int64_t{40}) + 1);
      shapes.emplace_back(std::span<const std::int64_t>(extents));
    }
    const Extent2d frame{draw(std::int64_t{90}) + 1, draw(std::int64_t{90}) + 1};
    for (const std::string& name : decoder_names()) {
      const auto decoder = decoder_of(name, frame, shapes);
      if (!decoder) continue;
      std::vector<Tensor> outputs;
      for (const Shape& shape : shapes) outputs.push_back(filled(shape, 0.5F));
      decoder->decode(arrays(outputs), 0.1F);  // reads what is there (address sanitizer)
    }
  }
}

/// Says what it was given.
class FixedDecoder final : public Decoder {
 public:
  explicit FixedDecoder(std::vector<Detection> found) : found_(std::move(found)) {}
  std::string_view name() const override { return "fixed"; }
  int classes() const override { return 3; }
  std::vector<Detection> decode(std::span<const Array> /*outputs*/, float threshold) const override {
    std::vector<Detection> found = found_;
    std::erase_if(found, [&](const Detection& detection) { return detection.score < threshold; });
    return found;
  }

 private:
  std::vector<Detection> found_;
};

TEST(FindObjects, ThresholdClassesAndPlaceInThePicture) {
  // A picture of 200x100 in a frame of 100x100: letterboxed, rows 25 to 75 are the picture.
  const Placement placement = place(Fit::letterbox, {100, 200}, {100, 100});
  const FixedDecoder decoder({{0, 0.5F, {10, 30, 20, 40}},
                              {1, 0.9F, {0, 0, 100, 100}},    // clipped to the picture
                              {2, 0.8F, {10, 0, 30, 20}},     // in the bars: nothing is left of it
                              {0, 0.6F, {10, 31, 20, 41}},    // the better one of the first
                              {2, 0.7F, {-50, 40, -10, 50}},  // outside
                              {1, 0.2F, {50, 50, 60, 60}}});
  const auto found = find_objects(decoder, {}, {.threshold = 0.35F}, placement);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].class_index, 1);
  EXPECT_FLOAT_EQ(found[0].box.left, 0);
  EXPECT_FLOAT_EQ(found[0].box.top, 0);
  EXPECT_FLOAT_EQ(found[0].box.right, 200);
  EXPECT_FLOAT_EQ(found[0].box.bottom, 100);
  EXPECT_FLOAT_EQ(found[1].score, 0.6F);
  EXPECT_FLOAT_EQ(found[1].box.left, 20);
  EXPECT_FLOAT_EQ(found[1].box.top, 12);
  EXPECT_FLOAT_EQ(found[1].box.right, 40);
  EXPECT_FLOAT_EQ(found[1].box.bottom, 32);
  const auto of_class = find_objects(decoder, {}, {.threshold = 0.1F, .classes = {0, 2}}, placement);
  ASSERT_EQ(of_class.size(), 1U);
  EXPECT_EQ(of_class[0].class_index, 0);
  EXPECT_EQ(find_objects(decoder, {}, {.threshold = 0.1F, .overlap = 0.95F}, placement).size(), 4U);
  EXPECT_TRUE(find_objects(decoder, {}, {.threshold = 0.95F}, placement).empty());
}

TEST(FindObjects, SoManyAndNoMore) {
  std::vector<Detection> many;
  for (int i = 0; i < 1500; ++i) {
    const auto x = static_cast<float>(i * 10);
    many.push_back({0, 0.5F, {x, 0, x + 5, 5}});
  }
  const Extent2d size{10, 20000};
  EXPECT_EQ(find_objects(FixedDecoder(many), {}, {}, place(Fit::stretch, size, size)).size(), most_objects);
}

TEST(DefaultLabels, OfTheUsualClasses) {
  const Labels street = default_labels("street", 2);
  EXPECT_EQ(street.name(0), "car");
  EXPECT_EQ(street.name(1), "person");
  EXPECT_TRUE(default_labels("street", 3).empty());
  EXPECT_EQ(default_labels("blazeface", 1).name(0), "face");
  const Labels coco = default_labels("yolov8", 80);
  EXPECT_EQ(coco.size(), 80U);
  EXPECT_EQ(coco.name(0), "person");
  EXPECT_EQ(coco.name(2), "car");
  EXPECT_EQ(coco.name(79), "toothbrush");
  EXPECT_TRUE(default_labels("yolov8", 3).empty());
  const Labels numbered = default_labels("ssd", 91);
  EXPECT_EQ(numbered.size(), 91U);
  EXPECT_EQ(numbered.name(0), "");
  EXPECT_EQ(numbered.name(1), "person");
  EXPECT_EQ(numbered.name(3), "car");
  EXPECT_EQ(numbered.name(12), "");
  EXPECT_EQ(numbered.name(13), "stop sign");
  EXPECT_EQ(numbered.name(90), "toothbrush");
  EXPECT_TRUE(default_labels("ssd", 80).empty());
}

}  // namespace
}  // namespace edge::detection::test
