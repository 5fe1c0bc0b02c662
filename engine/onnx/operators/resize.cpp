// Resize and Upsample, of the last two dimensions.
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/operators.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

template <class Kind>
struct Named {
  std::string_view name;
  Kind kind;
};

template <class Kind, std::size_t count>
Kind find_kind(const std::array<Named<Kind>, count>& list, const std::string& name, const char* what) {
  for (const Named<Kind>& candidate : list) {
    if (name == candidate.name) return candidate.kind;
  }
  throw Error(std::string("its ") + what + " '" + name.substr(0, 40) + "' cannot be run");
}

constexpr std::array<Named<ResizeCoordinates>, 7> coordinates{
    {{"half_pixel", ResizeCoordinates::half_pixel},
     {"half_pixel_symmetric", ResizeCoordinates::half_pixel_symmetric},
     {"pytorch_half_pixel", ResizeCoordinates::pytorch_half_pixel},
     {"align_corners", ResizeCoordinates::align_corners},
     {"asymmetric", ResizeCoordinates::asymmetric},
     {"tf_half_pixel_for_nn", ResizeCoordinates::half_pixel_nearest},
     {"tf_crop_and_resize", ResizeCoordinates::crop}}};

constexpr std::array<Named<ResizeRounding>, 4> roundings{{{"round_prefer_floor", ResizeRounding::half_down},
                                                          {"round_prefer_ceil", ResizeRounding::half_up},
                                                          {"floor", ResizeRounding::floor},
                                                          {"ceil", ResizeRounding::ceiling}}};

constexpr std::array<Named<bool>, 3> modes{{{"nearest", false}, {"linear", true}, {"bilinear", true}}};

/// What is asked for along one dimension.
struct Wish {
  double scale = 1;
  std::int64_t output = 0;
  double crop_begin = 0;
  double crop_end = 1;
};

std::int64_t checked_size(double size) {
  if (!(size >= 1) || !(size < 0x1p30)) throw Error("its scale is out of range");
  return static_cast<std::int64_t>(size);
}

std::int64_t scaled_size(std::int64_t in, double scale) {
  return checked_size(std::floor(static_cast<double>(in) * scale));
}

/// For all dimensions; where nothing is said, as it is.
std::vector<Wish> wishes_of_scales(const Dimensions& dims, const std::vector<double>& scales,
                                   const std::vector<std::size_t>& axes, const std::vector<Wish>& crops) {
  if (scales.size() != axes.size()) throw Error("its scales do not fit to its input");
  std::vector<Wish> wishes = crops;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Wish& wish = wishes[axes[i]];
    if (!(scales[i] > 0)) throw Error("its scale is out of range");
    wish.scale = scales[i];
    const double part = wish.crop_end - wish.crop_begin;
    wish.output = scaled_size(dims[axes[i]], scales[i] * part);
  }
  return wishes;
}

std::vector<Wish> wishes_of_sizes(const NodeContext& node, const Dimensions& dims,
                                  const std::vector<std::int64_t>& sizes,
                                  const std::vector<std::size_t>& axes, const std::vector<Wish>& crops) {
  if (sizes.size() != axes.size()) throw Error("its sizes do not fit to its input");
  std::vector<Wish> wishes = crops;
  const std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
  double common = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (sizes[i] < 1) throw Error("its size is out of range");
    const double scale = static_cast<double>(sizes[i]) / static_cast<double>(dims[axes[i]]);
    const bool larger = policy == "not_smaller";
    common = i == 0 ? scale : larger ? std::max(common, scale) : std::min(common, scale);
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Wish& wish = wishes[axes[i]];
    const auto in = static_cast<double>(dims[axes[i]]);
    if (policy == "stretch") {
      wish.output = sizes[i];
      wish.scale = static_cast<double>(sizes[i]) / in;
    } else {
      wish.output = checked_size(std::floor(common * in + 0.5));
      wish.scale = common;
    }
  }
  return wishes;
}

ResizeLayer::Axis axis_of(const Wish& wish) {
  return {
      .output = wish.output, .scale = wish.scale, .crop_begin = wish.crop_begin, .crop_end = wish.crop_end};
}

Values resized(NodeContext& node, const std::vector<Wish>& wishes, ResizeLayer resize) {
  const Value& input = node.input(0);
  const std::size_t rank = input.rank();
  for (std::size_t i = 0; i + 2 < rank; ++i) {
    if (wishes[i].output != input.dims()[i]) throw Error("scales other dimensions than rows and columns");
  }
  if (rank < 1) throw Error("has nothing to scale");
  const Wish rows = rank >= 2 ? wishes[rank - 2] : Wish{.scale = 1, .output = 1};
  resize.rows = axis_of(rows);
  resize.columns = axis_of(wishes[rank - 1]);
  Value data = input;
  if (rank == 1) data = node.builder().reshaped(input, {1, input.dims()[0]});
  Value result = node.builder().add(resize, {node.builder().dense(data)});
  if (rank == 1) result = node.builder().reshaped(result, {resize.columns.output});
  return {result};
}

std::vector<Wish> untouched(const Dimensions& dims) {
  std::vector<Wish> wishes(dims.size());
  for (std::size_t i = 0; i < dims.size(); ++i) wishes[i].output = dims[i];
  return wishes;
}

std::vector<std::size_t> resized_axes(const NodeContext& node, std::size_t rank) {
  std::vector<std::size_t> axes;
  if (const auto given = node.integers("axes")) {
    for (const std::int64_t axis : *given) axes.push_back(NodeContext::axis(axis, rank));
  } else {
    for (std::size_t i = 0; i < rank; ++i) axes.push_back(i);
  }
  return axes;
}

Values import_resize(NodeContext& node) {
  const Dimensions& dims = node.input(0).dims();
  ResizeLayer resize{.linear = find_kind(modes, node.text("mode", "nearest"), "mode")};
  if (node.opset() < 11) {
    resize.coordinates = ResizeCoordinates::asymmetric;
    resize.rounding = ResizeRounding::floor;
    const std::vector<std::size_t> all = resized_axes(node, dims.size());
    return resized(node, wishes_of_scales(dims, node.known_numbers(1, "scales"), all, untouched(dims)),
                   resize);
  }
  resize.coordinates =
      find_kind(coordinates, node.text("coordinate_transformation_mode", "half_pixel"), "coordinates");
  resize.rounding = find_kind(roundings, node.text("nearest_mode", "round_prefer_floor"), "nearest_mode");
  resize.outside = node.number("extrapolation_value", 0);
  const std::vector<std::size_t> axes = resized_axes(node, dims.size());
  std::vector<Wish> wishes = untouched(dims);
  if (resize.coordinates == ResizeCoordinates::crop) {
    const std::vector<double> roi = node.known_numbers(1, "roi");
    if (roi.size() != 2 * axes.size()) throw Error("its roi does not fit to its input");
    for (std::size_t i = 0; i < axes.size(); ++i) {
      wishes[axes[i]].crop_begin = roi[i];
      wishes[axes[i]].crop_end = roi[i + axes.size()];
    }
  }
  if (node.has(2) && node.input(2).elements() > 0) {
    wishes = wishes_of_scales(dims, node.known_numbers(2, "scales"), axes, wishes);
  } else if (node.has(3)) {
    wishes = wishes_of_sizes(node, dims, node.known_integers(3, "sizes"), axes, wishes);
  } else {
    throw Error("has neither scales nor sizes");
  }
  const bool shrinks =
      std::any_of(wishes.begin(), wishes.end(), [](const Wish& wish) { return wish.scale < 1; });
  if (node.integer("antialias", 0) != 0 && shrinks) throw Error("antialias cannot be run");
  return resized(node, wishes, resize);
}

Values import_upsample(NodeContext& node) {
  const Dimensions& dims = node.input(0).dims();
  const ResizeLayer resize{.linear = find_kind(modes, node.text("mode", "nearest"), "mode"),
                           .coordinates = ResizeCoordinates::asymmetric,
                           .rounding = ResizeRounding::floor};
  std::vector<double> scales;
  if (node.has(1)) {
    scales = node.known_numbers(1, "scales");
  } else if (const Attribute* const attribute = node.node().find("scales")) {
    scales.assign(attribute->numbers.begin(), attribute->numbers.end());
  }
  return resized(node, wishes_of_scales(dims, scales, resized_axes(node, dims.size()), untouched(dims)),
                 resize);
}

}  // namespace

std::span<const Operator> resize_operators() {
  static constexpr Operator operators[] = {{"Resize", import_resize}, {"Upsample", import_upsample}};
  return operators;
}

}  // namespace edge::onnx
