// Gather and Where; Range and NonZero are computed during import only.
#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/operators.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

/// Indices first, first + step, ...: a slice.
std::optional<std::int64_t> step_of(const std::vector<std::int64_t>& indices) {
  const std::int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
  for (std::size_t i = 1; i < indices.size(); ++i) {
    if (indices[i] - indices[i - 1] != step) return std::nullopt;
  }
  return step;
}

Values import_gather(NodeContext& node) {
  const Value& data = node.input(0);
  const Value& indices = node.input(1);
  const std::size_t axis = NodeContext::axis(node.integer("axis", 0), data.rank());
  const std::int64_t extent = data.dims()[axis];
  const auto place = static_cast<std::ptrdiff_t>(axis);
  Dimensions dims(data.dims().begin(), data.dims().begin() + place);
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  dims.insert(dims.end(), data.dims().begin() + place + 1, data.dims().end());
  GraphBuilder& builder = node.builder();
  GatherLayer gather{.axis = static_cast<std::int64_t>(axis)};
  Value result;
  if (indices.is_constant()) {
    gather.indices = integers_of(indices, GraphBuilder::most_elements);
    for (std::int64_t& index : gather.indices) {
      if (index < -extent || index >= extent)
        throw Error("index " + std::to_string(index) + " is out of range");
      if (index < 0) index += extent;
    }
    if (gather.indices.empty()) return {constant_value(Constant(data.type, dims, {}, nullptr))};
    if (const auto step = step_of(gather.indices)) {
      const auto count = static_cast<std::int64_t>(gather.indices.size());
      return {
          builder.reshaped(viewed(data, data.view.sliced(axis, gather.indices.front(), *step, count)), dims)};
    }
    result = builder.add(gather, {builder.dense(data)});
  } else {
    result = builder.add(gather, {builder.dense(data), builder.dense(indices)});
  }
  result.type = data.type;
  return {builder.reshaped(result, dims)};
}

Values import_where(NodeContext& node) {
  Value result = node.builder().add(SelectLayer{}, {node.layer(0), node.layer(1), node.layer(2)});
  result.type = node.input(1).type;
  return {result};
}

Values import_known_only(NodeContext& node) {
  node.known(0, "input");
  throw Error("is too large to be computed during import");
}

}  // namespace

std::span<const Operator> selection_operators() {
  static constexpr Operator operators[] = {{"Gather", import_gather},
                                           {"NonZero", import_known_only},
                                           {"Range", import_known_only},
                                           {"Where", import_where}};
  return operators;
}

}  // namespace edge::onnx
