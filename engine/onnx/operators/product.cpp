// Gemm and MatMul.
#include <algorithm>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/broadcasting.h"
#include "engine/onnx/operators.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

Value transposed(const Value& matrix) {
  return viewed(matrix, matrix.view.transposed({1, 0}));
}

Value number(double value) {
  return constant_value(Constant::from_numbers(DataType::float32, {1}, {value}));
}

Value scaled(NodeContext& node, const Value& value, float factor, const char* suffix) {
  if (factor == 1) return value;
  return node.builder().add(BinaryLayer{.function = BinaryFunction::multiply, .operand = Shape{1}},
                            {node.builder().dense(value)}, {{number(double{factor})}}, suffix);
}

/// rows x depth times depth x columns.
Value product(NodeContext& node, const Value& a, const Value& b, const std::string& suffix) {
  GraphBuilder& builder = node.builder();
  const Value first = builder.reshaped(a, {1, a.dims()[0], a.dims()[1]});
  const Value second = builder.reshaped(b, {1, b.dims()[0], b.dims()[1]});
  const Value result =
      builder.add(MatrixProductLayer{}, {builder.dense(first), builder.dense(second)}, {}, suffix);
  return builder.reshaped(result, {a.dims()[0], b.dims()[1]});
}

/// alpha A B + beta C
Values import_gemm(NodeContext& node) {
  GraphBuilder& builder = node.builder();
  if (node.input(0).rank() != 2 || node.input(1).rank() != 2) throw Error("multiplies matrices only");
  const Value a = node.integer("transA", 0) != 0 ? transposed(node.input(0)) : node.input(0);
  const bool transposes_b = node.integer("transB", 0) != 0;
  const Value b = transposes_b ? transposed(node.input(1)) : node.input(1);
  const float alpha = node.number("alpha", 1);
  const float beta = node.number("beta", 1);
  if (a.dims()[1] != b.dims()[0]) {
    throw Error("cannot multiply " + to_string(a.dims()) + " and " + to_string(b.dims()));
  }
  const std::int64_t columns = b.dims()[1];
  const bool has_c = node.has(2);
  const bool row_of_c =
      has_c && node.input(2).is_constant() && node.input(2).elements() == columns && beta == 1;
  if (b.is_constant() && alpha == 1 && (!has_c || row_of_c)) {
    BoundParameter weight{transposed(b)};
    if (transposes_b) weight = node.parameter(1, "weights");
    std::vector<BoundParameter> parameters{weight};
    if (has_c) parameters.push_back(node.parameter(2, "bias"));
    return {builder.add(LinearLayer{.out_features = columns, .bias = has_c}, {builder.dense(a)}, parameters)};
  }
  const Value ab = scaled(node, product(node, a, b, "product"), alpha, "alpha");
  if (!has_c) return {ab};
  const Value c = scaled(node, node.input(2), beta, "beta");
  if (broadcast_dims(ab.dims(), c.dims()) != ab.dims()) throw Error("its C is " + to_string(c.dims()));
  if (c.is_constant()) {
    return {builder.add(BinaryLayer{.function = BinaryFunction::add, .operand = to_shape(c.dims())},
                        {builder.dense(ab)}, {{c}})};
  }
  return {builder.add(BinaryLayer{.function = BinaryFunction::add}, {builder.dense(ab), builder.dense(c)})};
}

/// As numpy's matmul: vectors are a row and a column, batches are repeated.
Values import_matmul(NodeContext& node) {
  GraphBuilder& builder = node.builder();
  Value a = node.input(0);
  Value b = node.input(1);
  if (a.rank() == 0 || b.rank() == 0) throw Error("multiplies matrices only");
  const bool row = a.rank() == 1;
  const bool column = b.rank() == 1;
  if (row) a = builder.reshaped(a, {1, a.dims()[0]});
  if (column) b = builder.reshaped(b, {b.dims()[0], 1});
  const Dimensions batch_a(a.dims().begin(), a.dims().end() - 2);
  const Dimensions batch_b(b.dims().begin(), b.dims().end() - 2);
  const Dimensions batch = broadcast_dims(batch_a, batch_b);
  const std::int64_t rows = a.dims()[a.rank() - 2];
  const std::int64_t depth = a.dims().back();
  const std::int64_t columns = b.dims().back();
  if (b.dims()[b.rank() - 2] != depth) {
    throw Error("cannot multiply " + to_string(a.dims()) + " and " + to_string(b.dims()));
  }
  Dimensions dims = batch;
  if (!row) dims.push_back(rows);
  if (!column) dims.push_back(columns);
  const bool one_b = element_count(batch_b) == 1;
  if (one_b && b.is_constant() && !a.is_constant()) {
    const std::int64_t all_rows = element_count(batch_a) * rows;
    const Value matrix = builder.reshaped(a, {all_rows, depth});
    const Value weights = transposed(builder.reshaped(b, {depth, columns}));
    const Value result = builder.add(LinearLayer{.out_features = columns, .bias = false},
                                     {builder.dense(matrix)}, {{weights}});
    return {builder.reshaped(result, dims)};
  }
  Dimensions full_a = batch;
  full_a.insert(full_a.end(), {rows, depth});
  Dimensions full_b = one_b ? Dimensions(batch.size(), 1) : batch;
  full_b.insert(full_b.end(), {depth, columns});
  const std::int64_t count = element_count(batch);
  const Value repeated_a = viewed(a, a.view.broadcast(full_a));
  const Value repeated_b = viewed(b, b.view.broadcast(full_b));
  const Value first = builder.reshaped(repeated_a, {count, rows, depth});
  const Value second = builder.reshaped(repeated_b, {one_b ? 1 : count, depth, columns});
  const Value result = builder.add(MatrixProductLayer{}, {builder.dense(first), builder.dense(second)});
  return {builder.reshaped(result, dims)};
}

}  // namespace

std::span<const Operator> product_operators() {
  static constexpr Operator operators[] = {{"Gemm", import_gemm}, {"MatMul", import_matmul}};
  return operators;
}

}  // namespace edge::onnx
