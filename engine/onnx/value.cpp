#include "engine/onnx/value.h"

#include <cassert>
#include <utility>

#include "engine/error.h"

namespace edge::onnx {
namespace {

void check_size(const Value& value, std::size_t most) {
  assert(value.is_constant());
  if (static_cast<std::uint64_t>(value.elements()) > most) {
    throw Error("a constant of " + to_string(value.dims()) + " is too large to be computed during import");
  }
}

/// Calls visit(position in the constant) for each element, in order.
template <class Visit>
void for_each_position(const StridedView& view, const Visit& visit) {
  const std::int64_t count = view.elements();
  std::vector<std::int64_t> index(view.sizes.size(), 0);
  std::int64_t position = view.offset;
  for (std::int64_t i = 0; i < count; ++i) {
    visit(static_cast<std::size_t>(position));
    for (std::size_t axis = index.size(); axis-- > 0;) {
      position += view.strides[axis];
      if (++index[axis] < view.sizes[axis]) break;
      position -= view.strides[axis] * view.sizes[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace

Value constant_value(Constant constant) {
  Value value;
  value.type = constant.type();
  value.view = StridedView::whole(constant.dims());
  value.constant = std::move(constant);
  return value;
}

Value viewed(const Value& value, StridedView view) {
  Value result = value;
  result.view = std::move(view);
  return result;
}

bool is_whole(const Value& value) {
  return value.view.contiguous() && value.view.offset == 0 && value.type == value.constant->type() &&
         value.constant->elements() == static_cast<std::size_t>(value.elements());
}

Tensor tensor_of(const Value& value, const Shape& shape) {
  if (is_whole(value)) return value.constant->tensor(shape);
  Tensor result(shape);
  float* to = result.data();
  for_each_position(value.view.collapsed(), [&](std::size_t position) {
    *to++ = static_cast<float>(converted(value.constant->number(position), value.type));
  });
  return result;
}

std::vector<double> numbers_of(const Value& value, std::size_t most) {
  check_size(value, most);
  std::vector<double> numbers;
  numbers.reserve(static_cast<std::size_t>(value.elements()));
  for_each_position(value.view.collapsed(), [&](std::size_t position) {
    numbers.push_back(converted(value.constant->number(position), value.type));
  });
  return numbers;
}

std::vector<std::int64_t> integers_of(const Value& value, std::size_t most) {
  check_size(value, most);
  if (value.constant->type() == DataType::int64 && is_whole(value)) return value.constant->integers();
  std::vector<std::int64_t> integers;
  for (const double number : numbers_of(value, most)) integers.push_back(static_cast<std::int64_t>(number));
  return integers;
}

Constant in_order(const Value& value, std::size_t most) {
  if (is_whole(value)) return value.constant->reshaped(value.dims());
  check_size(value, most);
  const std::size_t size = size_of(value.constant->type());
  auto bytes = std::make_shared<std::string>();
  bytes->reserve(static_cast<std::size_t>(value.elements()) * size);
  for_each_position(value.view.collapsed(), [&](std::size_t position) {
    bytes->append(value.constant->bytes().substr(position * size, size));
  });
  const std::string_view view = *bytes;
  Constant result(value.constant->type(), value.dims(), view, std::move(bytes));
  if (value.type == value.constant->type()) return result;
  return Constant::from_numbers(value.type, value.dims(), result.numbers());
}

std::optional<double> uniform_number(const Value& value) {
  if (!value.is_constant() || value.elements() == 0) return std::nullopt;
  StridedView view = value.view;
  for (std::size_t axis = 0; axis < view.sizes.size(); ++axis) {
    if (view.strides[axis] == 0) view.sizes[axis] = 1;  // repetitions may be very many
  }
  const double first = value.constant->number(static_cast<std::size_t>(view.offset));
  bool same = true;
  for_each_position(view.collapsed(),
                    [&](std::size_t position) { same &= value.constant->number(position) == first; });
  if (!same) return std::nullopt;
  return converted(first, value.type);
}

}  // namespace edge::onnx
