// ReduceMean and the other reductions; ArgMax, ArgMin and TopK. Their dimensions become the rows of a matrix.
#include <algorithm>
#include <numeric>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/operators.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

/// `axes` (ascending) behind all others: others x axes.
struct Rows {
  Value matrix;
  Dimensions kept;     ///< extents of the other dimensions
  Dimensions reduced;  ///< extents of all, 1 for `axes`
  std::vector<std::int64_t> order;
};

Rows rows_of(NodeContext& node, const Value& data, const std::vector<std::size_t>& axes) {
  Rows rows;
  rows.reduced = data.dims();
  std::int64_t columns = 1;
  for (std::size_t i = 0; i < data.rank(); ++i) {
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) {
      rows.order.push_back(static_cast<std::int64_t>(i));
      rows.kept.push_back(data.dims()[i]);
    }
  }
  for (const std::size_t axis : axes) {
    rows.order.push_back(static_cast<std::int64_t>(axis));
    columns *= data.dims()[axis];
    rows.reduced[axis] = 1;
  }
  const Value moved = viewed(data, data.view.transposed(rows.order));
  rows.matrix = node.builder().reshaped(moved, {columns == 0 ? 0 : data.elements() / columns, columns});
  return rows;
}

template <Reduction reduction>
Values import_reduction(NodeContext& node) {
  const Value& data = node.input(0);
  const auto given = node.list("axes", 1);
  const bool keeps = node.integer("keepdims", 1) != 0;
  std::vector<std::size_t> axes;
  if (given && !given->empty()) {
    axes = NodeContext::axes(*given, data.rank());
  } else if (node.integer("noop_with_empty_axes", 0) != 0) {
    return {data};
  } else {
    axes.resize(data.rank());
    std::iota(axes.begin(), axes.end(), 0);
  }
  const bool over_map = axes == std::vector<std::size_t>{2, 3} && data.rank() == 4;
  if (reduction == Reduction::mean && over_map) {
    const Value result = node.builder().add(AdaptiveAveragePool2dLayer{}, {node.layer(0)});
    return {keeps ? result : node.builder().reshaped(result, {data.dims()[0], data.dims()[1]})};
  }
  const Rows rows = rows_of(node, data, axes);
  Value result = node.builder().add(ReduceLayer{reduction}, {node.builder().dense(rows.matrix)});
  result.type = data.type;
  return {node.builder().reshaped(result, keeps ? rows.reduced : rows.kept)};
}

/// log of another reduction.
Values import_log_sum(NodeContext& node) {
  const Value sum = import_reduction<Reduction::sum>(node).front();
  return {node.builder().add(UnaryLayer{UnaryFunction::logarithm}, {node.builder().dense(sum)})};
}

template <bool largest>
Values import_arg(NodeContext& node) {
  const Value& data = node.input(0);
  const std::size_t axis = NodeContext::axis(node.integer("axis", 0), data.rank());
  const Rows rows = rows_of(node, data, {axis});
  const ArgLayer arg{.largest = largest, .last = node.integer("select_last_index", 0) != 0};
  Value result = node.builder().add(arg, {node.builder().dense(rows.matrix)});
  result.type = DataType::int64;
  return {node.builder().reshaped(result, node.integer("keepdims", 1) != 0 ? rows.reduced : rows.kept)};
}

Values import_top(NodeContext& node) {
  const Value& data = node.input(0);
  const std::size_t axis = NodeContext::axis(node.integer("axis", -1), data.rank());
  std::int64_t count = node.integer("k", 0);
  if (node.has(1)) {
    const std::vector<std::int64_t> k = node.known_integers(1, "k");
    if (k.size() != 1) throw Error("its k is not one number");
    count = k.front();
  }
  const Rows rows = rows_of(node, data, {axis});
  const LayerIndex matrix = node.builder().dense(rows.matrix);
  Dimensions dims = rows.kept;
  dims.push_back(count);
  std::vector<std::int64_t> back(rows.order.size());
  for (std::size_t i = 0; i < back.size(); ++i) {
    back[static_cast<std::size_t>(rows.order[i])] = static_cast<std::int64_t>(i);
  }
  Values result;
  for (const bool indices : {false, true}) {
    const TopLayer top{.count = count, .largest = node.integer("largest", 1) != 0, .indices = indices};
    Value part = node.builder().add(top, {matrix}, {}, indices ? "indices" : "");
    part = node.builder().reshaped(part, dims);
    part = viewed(part, part.view.transposed(back));
    part.type = indices ? DataType::int64 : data.type;
    result.push_back(part);
  }
  return result;
}

}  // namespace

std::span<const Operator> reduction_operators() {
  static constexpr Operator operators[] = {{"ArgMax", import_arg<true>},
                                           {"ArgMin", import_arg<false>},
                                           {"ReduceL1", import_reduction<Reduction::l1>},
                                           {"ReduceL2", import_reduction<Reduction::l2>},
                                           {"ReduceLogSum", import_log_sum},
                                           {"ReduceLogSumExp", import_reduction<Reduction::log_sum_exp>},
                                           {"ReduceMax", import_reduction<Reduction::maximum>},
                                           {"ReduceMean", import_reduction<Reduction::mean>},
                                           {"ReduceMin", import_reduction<Reduction::minimum>},
                                           {"ReduceProd", import_reduction<Reduction::product>},
                                           {"ReduceSum", import_reduction<Reduction::sum>},
                                           {"ReduceSumSquare", import_reduction<Reduction::sum_of_squares>},
                                           {"TopK", import_top}};
  return operators;
}

}  // namespace edge::onnx
