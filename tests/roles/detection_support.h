// Outputs of detectors, made by hand.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/graph.h"
#include "engine/operations.h"
#include "engine/tensor.h"
#include "roles/detection/decoder.h"
#include "roles/detection/decoders/decoder_type.h"

namespace edge::detection::test {

inline const DecoderType& type_of(std::string_view name) {
  for (const DecoderType* type : {&street_decoder, &yolov5_decoder, &yolov8_decoder, &yolox_decoder,
                                  &nanodet_decoder, &ssd_decoder, &blazeface_decoder}) {
    if (type->name == name) return *type;
  }
  throw Error("no decoder " + std::string(name));
}

/// Of the outputs, by name.
inline std::unique_ptr<const Decoder> decoder_of(std::string_view name, const Extent2d& frame,
                                                 std::vector<Shape> shapes, Choice choice = Choice::named) {
  return type_of(name).make({.frame = frame, .shapes = std::move(shapes)}, choice);
}

inline std::vector<Array> arrays(std::span<const Tensor> tensors) {
  return {tensors.begin(), tensors.end()};
}

inline std::vector<Shape> shapes_of(std::span<const Tensor> tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

inline Tensor filled(const Shape& shape, float value) {
  Tensor tensor(shape);
  std::fill(tensor.values().begin(), tensor.values().end(), value);
  return tensor;
}

/// Uniform, from `least` to `most`.
class Draw {
 public:
  explicit Draw(unsigned seed) : generator_(seed) {}
  float operator()(float least, float most) {
    return least + (most - least) * static_cast<float>(generator_()) / 4294967296.0F;
  }
  std::int64_t operator()(std::int64_t count) {
    return static_cast<std::int64_t>(generator_() % static_cast<std::uint64_t>(count));
  }
  std::uint32_t bits() { return static_cast<std::uint32_t>(generator_()); }

 private:
  std::mt19937 generator_;
};

}  // namespace edge::detection::test
