#include "engine/onnx/constant_folding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "engine/error.h"
#include "engine/onnx/broadcasting.h"

namespace edge::onnx {
namespace {

constexpr std::size_t most = GraphBuilder::most_elements;

struct UnaryRule {
  std::string_view type;
  double (*apply)(double x);
};

constexpr std::array unary_rules{
    UnaryRule{"Neg", [](double x) { return -x; }},
    UnaryRule{"Abs", [](double x) { return std::abs(x); }},
    UnaryRule{"Floor", [](double x) { return std::floor(x); }},
    UnaryRule{"Ceil", [](double x) { return std::ceil(x); }},
    UnaryRule{"Round", [](double x) { return std::nearbyint(x); }},
    UnaryRule{"Sqrt", [](double x) { return std::sqrt(x); }},
    UnaryRule{"Exp", [](double x) { return std::exp(x); }},
    UnaryRule{"Log", [](double x) { return std::log(x); }},
    UnaryRule{"Reciprocal", [](double x) { return 1 / x; }},
    UnaryRule{"Not", [](double x) { return x == 0 ? 1.0 : 0.0; }},
};

/// How the result's type follows.
enum class Result : std::uint8_t { same, boolean };

struct BinaryRule {
  std::string_view type;
  Result result;
  double (*apply)(double a, double b);
};

constexpr std::array binary_rules{
    BinaryRule{"Add", Result::same, [](double a, double b) { return a + b; }},
    BinaryRule{"Sub", Result::same, [](double a, double b) { return a - b; }},
    BinaryRule{"Mul", Result::same, [](double a, double b) { return a * b; }},
    BinaryRule{"Div", Result::same, [](double a, double b) { return a / b; }},
    BinaryRule{"Mod", Result::same, [](double a, double b) { return a - b * std::floor(a / b); }},
    BinaryRule{"Pow", Result::same, [](double a, double b) { return std::pow(a, b); }},
    BinaryRule{"Min", Result::same, [](double a, double b) { return std::min(a, b); }},
    BinaryRule{"Max", Result::same, [](double a, double b) { return std::max(a, b); }},
    BinaryRule{"Equal", Result::boolean, [](double a, double b) { return a == b ? 1.0 : 0.0; }},
    BinaryRule{"Greater", Result::boolean, [](double a, double b) { return a > b ? 1.0 : 0.0; }},
    BinaryRule{"GreaterOrEqual", Result::boolean, [](double a, double b) { return a >= b ? 1.0 : 0.0; }},
    BinaryRule{"Less", Result::boolean, [](double a, double b) { return a < b ? 1.0 : 0.0; }},
    BinaryRule{"LessOrEqual", Result::boolean, [](double a, double b) { return a <= b ? 1.0 : 0.0; }},
    BinaryRule{"And", Result::boolean, [](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; }},
    BinaryRule{"Or", Result::boolean, [](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; }},
};

template <class Rules>
auto find(const Rules& rules, const std::string& type) -> decltype(rules.data()) {
  const auto* const found =
      std::find_if(rules.begin(), rules.end(), [&](const auto& rule) { return rule.type == type; });
  return found == rules.end() ? nullptr : found;
}

Value from(DataType type, const Dimensions& dims, const std::vector<double>& numbers) {
  return constant_value(Constant::from_numbers(type, dims, numbers));
}

bool too_large(std::int64_t elements) {
  return static_cast<std::uint64_t>(elements) > most;
}

std::vector<Value> fold_unary(const NodeContext& node, const UnaryRule& rule) {
  std::vector<double> numbers = numbers_of(node.input(0), most);
  for (double& number : numbers) number = rule.apply(number);
  return {from(node.input(0).type, node.input(0).dims(), numbers)};
}

std::vector<Value> fold_binary(const NodeContext& node, const BinaryRule& rule) {
  Value result = node.input(0);
  for (std::size_t i = 1; i < node.inputs(); ++i) {
    const Value& other = node.input(i);
    const Dimensions dims = broadcast_dims(result.dims(), other.dims());
    if (too_large(element_count(dims))) return {};
    std::vector<double> a = numbers_of(viewed(result, result.view.broadcast(dims)), most);
    const std::vector<double> b = numbers_of(viewed(other, other.view.broadcast(dims)), most);
    const bool whole = !is_floating(result.type) && rule.result == Result::same;
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (rule.type == "Div" && whole && b[k] == 0) throw Error("divides by zero");
      a[k] = rule.apply(a[k], b[k]);
    }
    result = from(rule.result == Result::boolean ? DataType::boolean : result.type, dims, a);
  }
  return {result};
}

std::vector<Value> fold_where(const NodeContext& node) {
  const Dimensions dims =
      broadcast_dims(broadcast_dims(node.input(0).dims(), node.input(1).dims()), node.input(2).dims());
  if (too_large(element_count(dims))) return {};
  const auto numbers = [&](std::size_t i) {
    return numbers_of(viewed(node.input(i), node.input(i).view.broadcast(dims)), most);
  };
  const std::vector<double> condition = numbers(0);
  std::vector<double> result = numbers(1);
  const std::vector<double> otherwise = numbers(2);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (condition[i] == 0) result[i] = otherwise[i];
  }
  return {from(node.input(1).type, dims, result)};
}

std::vector<Value> fold_range(const NodeContext& node) {
  const auto number = [&](std::size_t i) {
    if (node.input(i).elements() != 1) throw Error("takes single numbers");
    return numbers_of(node.input(i), 1).front();
  };
  const double start = number(0);
  const double step = number(2);
  const double count = std::ceil((number(1) - start) / step);
  if (!(count > 0)) return {from(node.input(0).type, {0}, {})};
  if (!(count <= static_cast<double>(most))) throw Error("a range of too many numbers");
  std::vector<double> numbers;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    numbers.push_back(start + static_cast<double>(i) * step);
  }
  const auto size = static_cast<std::int64_t>(numbers.size());
  return {from(node.input(0).type, {size}, numbers)};
}

std::vector<Value> fold_concat(const NodeContext& node) {
  const std::size_t axis = NodeContext::axis(node.integer("axis", 1), node.input(0).rank());
  Dimensions dims = node.input(0).dims();
  dims[axis] = 0;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    Dimensions part = node.input(i).dims();
    if (part.size() != dims.size()) throw Error("its inputs have different numbers of dimensions");
    dims[axis] += part[axis];
    part[axis] = dims[axis];
    if (part != dims) throw Error("its inputs do not fit to each other");
  }
  if (too_large(element_count(dims))) return {};
  const StridedView place = StridedView::whole(dims);
  std::vector<double> result(static_cast<std::size_t>(place.elements()));
  std::int64_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= dims[i];
  const std::int64_t row = outer > 0 ? place.elements() / outer : 0;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    const std::vector<double> numbers = numbers_of(node.input(i), most);
    const std::int64_t length = outer > 0 ? static_cast<std::int64_t>(numbers.size()) / outer : 0;
    for (std::int64_t o = 0; o < outer; ++o) {
      std::copy_n(numbers.data() + o * length, static_cast<std::size_t>(length),
                  result.data() + o * row + first);
    }
    first += length;
  }
  return {from(node.input(0).type, dims, result)};
}

std::vector<Value> fold_gather(const NodeContext& node) {
  const Value& data = node.input(0);
  const Value& indices = node.input(1);
  const std::size_t axis = NodeContext::axis(node.integer("axis", 0), data.rank());
  const std::int64_t extent = data.dims()[axis];
  Dimensions dims(data.dims().begin(), data.dims().begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  dims.insert(dims.end(), data.dims().begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.dims().end());
  if (too_large(element_count(dims)) || too_large(data.elements())) return {};
  const std::vector<double> numbers = numbers_of(data, most);
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < data.rank(); ++i) inner *= data.dims()[i];
  std::int64_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= data.dims()[i];
  std::vector<double> result;
  const std::vector<std::int64_t> positions = integers_of(indices, most);
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t position : positions) {
      if (position < 0) position += extent;
      if (position < 0 || position >= extent) throw Error("an index is out of range");
      const double* const begin = numbers.data() + (o * extent + position) * inner;
      result.insert(result.end(), begin, begin + inner);
    }
  }
  return {from(data.type, dims, result)};
}

/// Of all elements, or along the only axis: what shapes need.
std::vector<Value> fold_reduction(const NodeContext& node) {
  const Value& data = node.input(0);
  const auto axes = node.list("axes", 1);
  const bool all = !axes || axes->empty() || axes->size() == data.rank();
  if (!all || too_large(data.elements()) || data.elements() == 0) return {};
  if (axes && axes->empty() && node.integer("noop_with_empty_axes", 0) != 0) return {};
  const std::vector<double> numbers = numbers_of(data, most);
  double result = numbers.front();
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const double number = numbers[i];
    if (node.node().type == "ReduceProd") result *= number;
    if (node.node().type == "ReduceSum") result += number;
    if (node.node().type == "ReduceMax") result = std::max(result, number);
    if (node.node().type == "ReduceMin") result = std::min(result, number);
  }
  const bool keep = node.integer("keepdims", 1) != 0;
  return {from(data.type, keep ? Dimensions(data.rank(), 1) : Dimensions{}, {result})};
}

/// Indices of what is not 0, one row per dimension.
std::vector<Value> fold_nonzero(const NodeContext& node) {
  const Value& data = node.input(0);
  if (too_large(data.elements())) return {};
  const std::vector<double> numbers = numbers_of(data, most);
  const StridedView order = StridedView::whole(data.dims());
  std::vector<double> places;
  for (std::size_t axis = 0; axis < data.rank(); ++axis) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::int64_t index = static_cast<std::int64_t>(i) / order.strides[axis] % data.dims()[axis];
      if (numbers[i] != 0) places.push_back(static_cast<double>(index));
    }
  }
  const auto rank = static_cast<std::int64_t>(data.rank());
  const std::int64_t count = rank == 0 ? 0 : static_cast<std::int64_t>(places.size()) / rank;
  return {from(DataType::int64, {rank, count}, places)};
}

/// Large ones stay as they are stored, and are converted when they are loaded.
std::vector<Value> fold_cast(const NodeContext& node) {
  const auto to = static_cast<DataType>(node.integer("to", 1));
  const Value& data = node.input(0);
  if (size_of(to) == 0) throw Error("casts to " + type_name(to));
  Value result = data;
  result.type = to;
  const bool widens = to == DataType::float32 && is_floating(data.type);
  if (to == data.type || (widens && data.type == data.constant->type())) return {result};
  if (too_large(data.elements()))
    throw Error("a cast of a constant of " + to_string(data.dims()) + " is too large");
  return {from(to, data.dims(), numbers_of(data, most))};
}

}  // namespace

std::vector<Value> fold_constants(NodeContext& node) {
  const std::string& type = node.node().type;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (node.has(i) && node.input(i).constant->type() == DataType::string) return {};
  }
  std::vector<Value> result;
  const bool small = node.inputs() > 0 && node.has(0) && !too_large(node.input(0).elements());
  const UnaryRule* const unary = find(unary_rules, type);
  const BinaryRule* const binary = find(binary_rules, type);
  if (unary != nullptr && small) result = fold_unary(node, *unary);
  if (binary != nullptr && small) result = fold_binary(node, *binary);
  if (type == "Where") result = fold_where(node);
  if (type == "Range") result = fold_range(node);
  if (type == "Concat") result = fold_concat(node);
  if (type == "Gather") result = fold_gather(node);
  if (type == "NonZero") result = fold_nonzero(node);
  if (type == "Cast") result = fold_cast(node);
  if (type == "ReduceProd" || type == "ReduceSum" || type == "ReduceMax" || type == "ReduceMin") {
    result = fold_reduction(node);
  }
  for (const Value& value : result) node.builder().count_computed(value.elements());
  return result;
}

}  // namespace edge::onnx
