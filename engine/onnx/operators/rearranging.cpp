// What moves values: Transpose, Slice, Split, Expand, Tile, Concat, Pad, DepthToSpace, SpaceToDepth. As long
// as it can be, the result is a view, so that several of them in a row become one copy.
#include <algorithm>
#include <limits>
#include <numeric>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/broadcasting.h"
#include "engine/onnx/operators.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

Values import_transpose(NodeContext& node) {
  const Value& data = node.input(0);
  std::vector<std::int64_t> order(data.rank());
  std::iota(order.rbegin(), order.rend(), 0);
  if (const auto given = node.integers("perm")) {
    std::vector<std::int64_t> sorted = *given;
    std::sort(sorted.begin(), sorted.end());
    std::iota(order.begin(), order.end(), 0);
    if (sorted != order)
      throw Error("its perm is no order of " + std::to_string(data.rank()) + " dimensions");
    order = *given;
  }
  return {viewed(data, data.view.transposed(order))};
}

Values import_slice(NodeContext& node) {
  const Value& data = node.input(0);
  const auto starts = node.list("starts", 1);
  const auto ends = node.list("ends", 2);
  if (!starts || !ends || starts->size() != ends->size()) throw Error("its starts and ends do not fit");
  std::vector<std::int64_t> axes(starts->size());
  std::iota(axes.begin(), axes.end(), 0);
  if (const auto given = node.list("axes", 3)) axes = *given;
  std::vector<std::int64_t> steps(starts->size(), 1);
  if (node.has(4)) steps = node.known_integers(4, "steps");
  if (axes.size() != starts->size() || steps.size() != starts->size())
    throw Error("its axes or steps do not fit");
  StridedView view = data.view;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = NodeContext::axis(axes[i], data.rank());
    const std::int64_t extent = data.dims()[axis];
    const std::int64_t step = steps[i];
    if (step == 0 || step == std::numeric_limits<std::int64_t>::min()) throw Error("a step is 0");
    const auto inside = [&](std::int64_t index, std::int64_t least, std::int64_t most) {
      if (index < 0) index += extent;
      return std::clamp(index, least, most);
    };
    const bool forward = step > 0;
    const std::int64_t start = inside((*starts)[i], 0, forward ? extent : extent - 1);
    const std::int64_t end = inside((*ends)[i], forward ? 0 : -1, extent);
    const std::int64_t distance = forward ? end - start : start - end;
    const std::int64_t stride = forward ? step : -step;
    const std::int64_t count = distance > 0 ? (distance - 1) / stride + 1 : 0;
    view = view.sliced(axis, start, count > 1 ? step : 1, count);
  }
  return {viewed(data, view)};
}

Values import_split(NodeContext& node) {
  const Value& data = node.input(0);
  const std::size_t axis = NodeContext::axis(node.integer("axis", 0), data.rank());
  const std::int64_t extent = data.dims()[axis];
  const auto parts = static_cast<std::int64_t>(node.node().outputs.size());
  std::vector<std::int64_t> sizes;
  if (const auto given = node.list("split", 1)) {
    sizes = *given;
  } else {
    const std::int64_t count = node.integer("num_outputs", parts);
    if (count < 1 || count > extent)
      throw Error("cannot split " + std::to_string(extent) + " into " + std::to_string(count));
    const std::int64_t size = (extent + count - 1) / count;
    for (std::int64_t first = 0; first < extent; first += size)
      sizes.push_back(std::min(size, extent - first));
  }
  Values result;
  std::int64_t first = 0;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > extent - first) throw Error("its parts are more than " + std::to_string(extent));
    result.push_back(viewed(data, data.view.sliced(axis, first, 1, size)));
    first += size;
  }
  if (first != extent) throw Error("its parts do not make " + std::to_string(extent));
  return result;
}

Values import_expand(NodeContext& node) {
  const Value& data = node.input(0);
  const Dimensions dims = broadcast_dims(data.dims(), node.known_integers(1, "shape"));
  element_count(dims);
  return {viewed(data, data.view.broadcast(dims))};
}

Values import_tile(NodeContext& node) {
  const Value& data = node.input(0);
  const std::vector<std::int64_t> repeats = node.known_integers(1, "repeats");
  if (repeats.size() != data.rank()) throw Error("has not as many repeats as its input has dimensions");
  Dimensions apart;
  Dimensions repeated;
  Dimensions joined;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] < 0) throw Error("a repeat is negative");
    apart.insert(apart.end(), {1, data.dims()[i]});
    repeated.insert(repeated.end(), {repeats[i], data.dims()[i]});
    std::int64_t product = 0;
    if (__builtin_mul_overflow(repeats[i], data.dims()[i], &product))
      throw Error("its repeats are out of range");
    joined.push_back(product);
  }
  element_count(joined);
  const Value parts = node.builder().reshaped(data, apart);
  return {node.builder().reshaped(viewed(parts, parts.view.broadcast(repeated)), joined)};
}

/// If the inputs are views of one thing, whose offsets are those of a view of one or two dimensions more:
/// that, with the parts as its first dimensions (Focus, space to depth).
std::optional<StridedView> view_of_parts(const std::vector<const Value*>& parts) {
  const Value& first = *parts.front();
  std::vector<std::int64_t> offsets;
  for (const Value* part : parts) {
    if (part->is_constant() || part->layer != first.layer || part->view.sizes != first.view.sizes ||
        part->view.strides != first.view.strides) {
      return std::nullopt;
    }
    offsets.push_back(part->view.offset - first.view.offset);
  }
  const auto count = static_cast<std::int64_t>(offsets.size());
  for (std::int64_t inner = count; inner >= 1; --inner) {
    if (count % inner != 0) continue;
    const std::int64_t inner_step = inner > 1 ? offsets[1] : 0;
    const std::int64_t outer_step = inner < count ? offsets[static_cast<std::size_t>(inner)] : 0;
    bool fits = true;
    for (std::int64_t i = 0; i < count; ++i) {
      fits &= offsets[static_cast<std::size_t>(i)] == i / inner * outer_step + i % inner * inner_step;
    }
    if (!fits) continue;
    StridedView view = first.view;
    view.sizes.insert(view.sizes.begin(), {count / inner, inner});
    view.strides.insert(view.strides.begin(), {outer_step, inner_step});
    return view;
  }
  return std::nullopt;
}

/// A constant of zeros (or another number) at an end is padding: `part` of the inputs is what is padded.
bool import_as_padding(NodeContext& node, const std::vector<const Value*>& parts, std::size_t axis,
                       Value& result) {
  const Value* data = nullptr;
  std::optional<double> number;
  std::int64_t before = 0;
  std::int64_t after = 0;
  for (const Value* part : parts) {
    if (!part->is_constant()) {
      if (data != nullptr) return false;
      data = part;
      continue;
    }
    const std::optional<double> uniform = uniform_number(*part);
    if (!uniform || (number && *number != *uniform)) return false;
    number = uniform;
    (data == nullptr ? before : after) += part->dims()[axis];
  }
  if (data == nullptr || !number) return false;
  PadLayer pad{.value = static_cast<float>(*number)};
  pad.before.assign(data->rank(), 0);
  pad.after.assign(data->rank(), 0);
  pad.before[axis] = before;
  pad.after[axis] = after;
  result = node.builder().add(pad, {node.builder().dense(*data)});
  return true;
}

Values import_concat(NodeContext& node) {
  std::vector<const Value*> parts;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (node.input(i).rank() != node.input(0).rank())
      throw Error("its inputs have different numbers of dimensions");
    if (node.input(i).elements() > 0) parts.push_back(&node.input(i));
  }
  if (parts.empty()) return {node.input(0)};
  const std::size_t axis = NodeContext::axis(node.integer("axis", 1), parts.front()->rank());
  const DataType type = parts.front()->type;
  for (const Value* part : parts) {
    Dimensions dims = part->dims();
    dims[axis] = parts.front()->dims()[axis];
    if (dims != parts.front()->dims()) {
      throw Error("cannot concatenate " + to_string(parts.front()->dims()) + " and " +
                  to_string(part->dims()) + " along axis " + std::to_string(axis));
    }
  }
  if (parts.size() == 1) return {*parts.front()};
  if (const auto view = view_of_parts(parts)) {
    // The parts to their place in front of the axis, then both become one dimension.
    std::vector<std::int64_t> order;
    Dimensions dims = parts.front()->dims();
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (i == axis) order.insert(order.end(), {0, 1});
      order.push_back(static_cast<std::int64_t>(i) + 2);
    }
    dims[axis] *= static_cast<std::int64_t>(parts.size());
    return {node.builder().reshaped(viewed(*parts.front(), view->transposed(order)), dims)};
  }
  Value result;
  if (!import_as_padding(node, parts, axis, result)) {
    std::vector<LayerIndex> layers;
    layers.reserve(parts.size());
    for (const Value* part : parts) layers.push_back(node.builder().dense(*part));
    const bool channels = axis == 1 && parts.front()->rank() == 4;
    result = channels ? node.builder().add(ConcatLayer{}, layers)
                      : node.builder().add(JoinLayer{.axis = static_cast<std::int64_t>(axis)}, layers);
  }
  result.type = type;
  return {result};
}

PaddingMode padding_mode(const std::string& name) {
  if (name == "constant") return PaddingMode::constant;
  if (name == "reflect") return PaddingMode::reflect;
  if (name == "edge") return PaddingMode::edge;
  throw Error("pads by '" + name.substr(0, 40) + "'; constant, reflect and edge can be run");
}

Values import_pad(NodeContext& node) {
  const Value& data = node.input(0);
  const auto pads = node.list("pads", 1);
  std::vector<std::size_t> axes(data.rank());
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has(3)) {
    axes.clear();
    for (const std::int64_t axis : node.known_integers(3, "axes"))
      axes.push_back(NodeContext::axis(axis, data.rank()));
  }
  if (!pads || pads->size() != 2 * axes.size()) throw Error("its pads do not fit to its input");
  PadLayer pad{.mode = padding_mode(node.text("mode", "constant")), .value = node.number("value", 0)};
  if (node.has(2)) {
    const std::vector<double> value = node.known_numbers(2, "value");
    if (value.size() != 1) throw Error("its value is not one number");
    pad.value = static_cast<float>(value.front());
  }
  pad.before.assign(data.rank(), 0);
  pad.after.assign(data.rank(), 0);
  StridedView view = data.view;
  bool pads_anything = false;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t before = (*pads)[i];
    const std::int64_t after = (*pads)[i + axes.size()];
    pad.before[axes[i]] = std::max<std::int64_t>(before, 0);
    pad.after[axes[i]] = std::max<std::int64_t>(after, 0);
    pads_anything |= before > 0 || after > 0;
    const std::int64_t cut_before =
        std::max<std::int64_t>(-std::max<std::int64_t>(before, -(std::int64_t{1} << 40)), 0);
    const std::int64_t cut_after =
        std::max<std::int64_t>(-std::max<std::int64_t>(after, -(std::int64_t{1} << 40)), 0);
    if (cut_before == 0 && cut_after == 0) continue;
    const std::int64_t left = view.sizes[axes[i]] - cut_before - cut_after;
    if (left < 0) throw Error("cuts off more than there is");
    view = view.sliced(axes[i], cut_before, 1, left);
  }
  Value result = viewed(data, view);
  if (pads_anything) {
    result = node.builder().add(pad, {node.builder().dense(result)});
    result.type = data.type;
  }
  return {result};
}

struct Blocks {
  std::int64_t batch, channels, rows, columns, size;
};

Blocks blocks_of(const NodeContext& node) {
  const Value& data = node.input(0);
  const std::int64_t size = node.integer("blocksize", 0);
  if (data.rank() != 4) throw Error("needs a feature map, not " + to_string(data.dims()));
  if (size < 1 || size > 1 << 10) throw Error("its blocksize is out of range");
  return {data.dims()[0], data.dims()[1], data.dims()[2], data.dims()[3], size};
}

Values import_depth_to_space(NodeContext& node) {
  const auto [n, c, h, w, size] = blocks_of(node);
  if (c % (size * size) != 0) throw Error("its blocks do not divide " + std::to_string(c) + " channels");
  const bool columns_first = node.text("mode", "DCR") == "CRD";
  const Dimensions apart = columns_first ? Dimensions{n, c / size / size, size, size, h, w}
                                         : Dimensions{n, size, size, c / size / size, h, w};
  const std::vector<std::int64_t> order = columns_first ? std::vector<std::int64_t>{0, 1, 4, 2, 5, 3}
                                                        : std::vector<std::int64_t>{0, 3, 4, 1, 5, 2};
  const Value parts = node.builder().reshaped(node.input(0), apart);
  return {node.builder().reshaped(viewed(parts, parts.view.transposed(order)),
                                  {n, c / size / size, h * size, w * size})};
}

Values import_space_to_depth(NodeContext& node) {
  const auto [n, c, h, w, size] = blocks_of(node);
  if (h % size != 0 || w % size != 0)
    throw Error("its blocks do not divide " + to_string(node.input(0).dims()));
  const Value parts = node.builder().reshaped(node.input(0), {n, c, h / size, size, w / size, size});
  return {node.builder().reshaped(viewed(parts, parts.view.transposed({0, 3, 5, 1, 2, 4})),
                                  {n, c * size * size, h / size, w / size})};
}

}  // namespace

std::span<const Operator> rearranging_operators() {
  static constexpr Operator operators[] = {
      {"Concat", import_concat},      {"DepthToSpace", import_depth_to_space},
      {"Expand", import_expand},      {"Pad", import_pad},
      {"Slice", import_slice},        {"SpaceToDepth", import_space_to_depth},
      {"Split", import_split},        {"Tile", import_tile},
      {"Transpose", import_transpose}};
  return operators;
}

}  // namespace edge::onnx
