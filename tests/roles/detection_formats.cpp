#include "tests/roles/detection_formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "roles/detection/decoders/default_boxes.h"

namespace edge::detection::test {

void expect_found(const std::vector<Detection>& found, const std::vector<Put>& put, float tolerance) {
  EXPECT_EQ(found.size(), put.size());
  for (const Put& object : put) {
    const auto is_it = [&](const Detection& detection) {
      const Box& box = detection.box;
      const auto near = [&](float a, float b) { return std::abs(a - b) <= tolerance; };
      return detection.class_index == object.class_index &&
             std::abs(detection.score - object.score) < 1e-4F &&
             near(box.left, object.x - object.width / 2) && near(box.right, object.x + object.width / 2) &&
             near(box.top, object.y - object.height / 2) && near(box.bottom, object.y + object.height / 2);
    };
    EXPECT_EQ(std::count_if(found.begin(), found.end(), is_it), 1)
        << "class " << object.class_index << " at " << object.x << ", " << object.y;
  }
}

std::int64_t sum_of(const Extent2d& frame, std::initializer_list<std::int64_t> strides) {
  std::int64_t cells = 0;
  for (const std::int64_t s : strides) cells += ((frame.rows + s - 1) / s) * ((frame.columns + s - 1) / s);
  return cells;
}

void write_row(float* row, std::initializer_list<float> values) {
  std::copy(values.begin(), values.end(), row);
}

namespace {

constexpr std::int64_t bins_of_pairs = 11;

/// The logits of bins whose mean is `cells`.
void write_distance(float* bins, std::int64_t count, float cells) {
  std::fill_n(bins, count, -40.0F);
  const auto whole = static_cast<std::int64_t>(cells);
  const float part = cells - static_cast<float>(whole);
  bins[whole] = std::log(std::max(1 - part, 1e-9F));
  bins[whole + 1] = std::log(std::max(part, 1e-9F));
}

float logit(float score) {
  return std::log(score / (1 - score));
}

Put any_object(int classes, Draw& draw) {
  return {.class_index = static_cast<int>(draw(std::int64_t{classes})),
          .score = draw(0.5F, 0.95F),
          .x = draw(0.0F, 300.0F),
          .y = draw(0.0F, 300.0F),
          .width = draw(4.0F, 200.0F),
          .height = draw(4.0F, 200.0F)};
}

}  // namespace

Put put_distances(float* bins, std::int64_t count, const Cell& cell, float middle, int classes, Draw& draw) {
  Put object = any_object(classes, draw);
  float distances[4];
  for (float& distance : distances) {
    distance = draw(0.5F, static_cast<float>(count) - 1.5F);
    write_distance(bins, count, distance);
    bins += count;
  }
  const auto stride = static_cast<float>(cell.stride);
  const float x = (static_cast<float>(cell.column) + middle) * stride;
  const float y = (static_cast<float>(cell.row) + middle) * stride;
  object.width = (distances[0] + distances[2]) * stride;
  object.height = (distances[1] + distances[3]) * stride;
  object.x = x + (distances[2] - distances[0]) * stride / 2;
  object.y = y + (distances[3] - distances[1]) * stride / 2;
  return object;
}

std::vector<Tensor> nanodet_pairs(const Extent2d& frame, int classes, float score) {
  std::vector<Tensor> outputs;
  for (const std::int64_t s : {8, 16, 32}) {
    outputs.push_back(filled({1, sum_of(frame, {s}), classes}, score));
    outputs.push_back(Tensor::zeros({1, sum_of(frame, {s}), 4 * bins_of_pairs}));
  }
  return outputs;
}

namespace {

Cell any_cell(const Extent2d& frame, std::initializer_list<std::int64_t> strides, Draw& draw) {
  std::int64_t number = draw(sum_of(frame, strides)), level = 0, first = 0;
  for (const std::int64_t stride : strides) {
    const std::int64_t columns = (frame.columns + stride - 1) / stride;
    const std::int64_t cells = (frame.rows + stride - 1) / stride * columns;
    if (number - first < cells) {
      const std::int64_t in_level = number - first;
      return {number, in_level / columns, in_level % columns, stride, level, in_level};
    }
    first += cells;
    ++level;
  }
  throw Error("no such cell");
}

Put put_yolov5(std::vector<Tensor>& outputs, const Extent2d&, int classes, Draw& draw) {
  const Put object = any_object(classes, draw);
  float* const row = outputs[0].data() + draw(outputs[0].shape()[1]) * (5 + classes);
  write_row(row, {object.x, object.y, object.width, object.height, 0.98F});
  row[5 + object.class_index] = object.score / 0.98F;
  return object;
}

Put put_yolov8(std::vector<Tensor>& outputs, const Extent2d&, int classes, Draw& draw) {
  const Put object = any_object(classes, draw);
  const std::int64_t boxes = outputs[0].shape()[2];
  float* const column = outputs[0].data() + draw(boxes);
  const float values[] = {object.x, object.y, object.width, object.height};
  for (std::int64_t i = 0; i < 4; ++i) column[i * boxes] = values[i];
  column[(4 + object.class_index) * boxes] = object.score;
  return object;
}

Put put_yolov8_row(std::vector<Tensor>& outputs, const Extent2d&, int classes, Draw& draw) {
  const Put object = any_object(classes, draw);
  float* const row = outputs[0].data() + draw(outputs[0].shape()[1]) * (4 + classes);
  write_row(row, {object.x, object.y, object.width, object.height});
  row[4 + object.class_index] = object.score;
  return object;
}

Put put_yolox(std::vector<Tensor>& outputs, const Extent2d& frame, int classes, Draw& draw) {
  Put object = any_object(classes, draw);
  const Cell cell = any_cell(frame, {8, 16, 32}, draw);
  const auto stride = static_cast<float>(cell.stride);
  const float dx = draw(0.0F, 1.0F), dy = draw(0.0F, 1.0F);
  object.x = (static_cast<float>(cell.column) + dx) * stride;
  object.y = (static_cast<float>(cell.row) + dy) * stride;
  float* const row = outputs[0].data() + cell.number * (5 + classes);
  write_row(row, {dx, dy, std::log(object.width / stride), std::log(object.height / stride), 0.99F});
  row[5 + object.class_index] = object.score / 0.99F;
  return object;
}

Put put_nanodet_plus(std::vector<Tensor>& outputs, const Extent2d& frame, int classes, Draw& draw) {
  const Cell cell = any_cell(frame, {8, 16, 32, 64}, draw);
  float* const row = outputs[0].data() + cell.number * (classes + 32);
  const Put object = put_distances(row + classes, 8, cell, 0, classes, draw);
  row[object.class_index] = object.score;
  return object;
}

Put put_ready(std::vector<Tensor>& outputs, const Extent2d& frame, int classes, Draw& draw) {
  Put object = any_object(classes - 1, draw);
  ++object.class_index;
  const std::int64_t at = draw(outputs[1].shape()[1]);
  const auto columns = static_cast<float>(frame.columns), rows = static_cast<float>(frame.rows);
  write_row(outputs[1].data() + 4 * at,
            {(object.x - object.width / 2) / columns, (object.y - object.height / 2) / rows,
             (object.x + object.width / 2) / columns, (object.y + object.height / 2) / rows});
  float* const row = outputs[0].data() + at * classes;
  row[0] = 1 - object.score;
  row[object.class_index] = object.score;
  return object;
}

Put put_street(std::vector<Tensor>& outputs, const Extent2d&, int classes, Draw& draw) {
  Put object = any_object(classes, draw);
  const std::int64_t columns = outputs[0].shape()[3], cells = outputs[0].shape()[2] * columns;
  const std::int64_t cell = draw(cells);
  const float dx = draw(-1.0F, 1.0F), dy = draw(-1.0F, 1.0F);
  object.x = (static_cast<float>(cell % columns) + 0.5F + dx) * 16;
  object.y = (static_cast<float>(cell / columns) + 0.5F + dy) * 16;
  float* const planes = outputs[0].data() + cell;
  planes[object.class_index * cells] = logit(object.score);
  const float values[] = {dx, dy, std::log(object.width / 16), std::log(object.height / 16)};
  for (std::int64_t i = 0; i < 4; ++i) planes[(classes + i) * cells] = values[i];
  return object;
}

Tensor ssdlite_classes(std::int64_t boxes, int classes) {
  Tensor tensor = Tensor::zeros({1, boxes, classes});
  for (std::int64_t i = 0; i < boxes; ++i) tensor.data()[i * classes] = 12;  // the background
  return tensor;
}

}  // namespace

Put put_nanodet_pair(std::vector<Tensor>& outputs, const Extent2d& frame, int classes, Draw& draw) {
  const Cell cell = any_cell(frame, {8, 16, 32}, draw);
  Tensor& scores = outputs[static_cast<std::size_t>(2 * cell.level)];
  Tensor& bins = outputs[static_cast<std::size_t>(2 * cell.level + 1)];
  const bool logits = scores.data()[0] < 0;
  const Put object = put_distances(bins.data() + cell.in_level * 4 * bins_of_pairs, bins_of_pairs, cell, 0.5F,
                                   classes, draw);
  scores.data()[cell.in_level * classes + object.class_index] = logits ? logit(object.score) : object.score;
  return object;
}

Put put_ssdlite(std::vector<Tensor>& outputs, const Extent2d& frame, int classes, Draw& draw) {
  Put object = any_object(classes - 1, draw);
  ++object.class_index;
  const std::vector<DefaultBox> boxes = ssdlite_boxes(frame);
  const std::int64_t at = draw(static_cast<std::int64_t>(boxes.size()));
  const DefaultBox& box = boxes[static_cast<std::size_t>(at)];
  object.width = box.width * draw(0.5F, 2.0F);
  object.height = box.height * draw(0.5F, 2.0F);
  write_row(outputs[0].data() + 4 * at,
            {(object.x - box.x) / box.width * 10, (object.y - box.y) / box.height * 10,
             std::log(object.width / box.width) * 5, std::log(object.height / box.height) * 5});
  // All other classes and the background share what is left.
  float* const row = outputs[1].data() + at * classes;
  std::fill_n(row, classes, 0.0F);
  row[object.class_index] = std::log(object.score / (1 - object.score) * static_cast<float>(classes - 1));
  return object;
}

const std::vector<Format>& formats() {
  static const std::vector<Format> all{
      {"street",
       [](const Extent2d& f, int c) {
         return std::vector{filled({1, c + 4, (f.rows + 15) / 16, (f.columns + 15) / 16}, -9)};
       },
       put_street},
      {"yolov5",
       [](const Extent2d& f, int c) {
         return std::vector{Tensor::zeros({1, 3 * sum_of(f, {8, 16, 32}), 5 + c})};
       },
       put_yolov5},
      {"yolov5",  // of 1280, with four strides
       [](const Extent2d& f, int c) {
         return std::vector{Tensor::zeros({1, 3 * sum_of(f, {8, 16, 32, 64}), 5 + c})};
       },
       put_yolov5},
      {"yolov8",
       [](const Extent2d& f, int c) {
         return std::vector{Tensor::zeros({1, 4 + c, sum_of(f, {8, 16, 32})})};
       },
       put_yolov8},
      {"yolov8",
       [](const Extent2d& f, int c) {
         return std::vector{Tensor::zeros({1, sum_of(f, {8, 16, 32}), 4 + c})};
       },
       put_yolov8_row},
      {"yolox",
       [](const Extent2d& f, int c) {
         return std::vector{Tensor::zeros({1, sum_of(f, {8, 16, 32}), 5 + c})};
       },
       put_yolox},
      {"nanodet", [](const Extent2d& f, int c) { return nanodet_pairs(f, c, 0.01F); }, put_nanodet_pair},
      {"nanodet", [](const Extent2d& f, int c) { return nanodet_pairs(f, c, -6.0F); }, put_nanodet_pair},
      {"nanodet",
       [](const Extent2d& f, int c) {
         return std::vector{Tensor::zeros({1, sum_of(f, {8, 16, 32, 64}), c + 32})};
       },
       put_nanodet_plus},
      {"ssd",
       [](const Extent2d& f, int c) {
         const auto boxes = static_cast<std::int64_t>(ssdlite_boxes(f).size());
         return std::vector{Tensor::zeros({1, boxes, 4}), ssdlite_classes(boxes, c)};
       },
       put_ssdlite},
      {"ssd",  // ready boxes, behind the scores
       [](const Extent2d&, int c) {
         return std::vector{Tensor::zeros({1, 777, c}), Tensor::zeros({1, 777, 4})};
       },
       put_ready},
  };
  return all;
}

}  // namespace edge::detection::test
