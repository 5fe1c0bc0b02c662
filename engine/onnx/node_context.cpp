#include "engine/onnx/node_context.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/error.h"
#include "engine/quoted_name.h"

namespace edge::onnx {

const Value& NodeContext::input(std::size_t index) const {
  if (!has(index)) throw Error("input " + std::to_string(index) + " is missing");
  return *inputs_[index];
}

const Attribute* NodeContext::attribute(const std::string& name, Attribute::Kind kind) const {
  const Attribute* const found = node_.find(name);
  if (found != nullptr && found->kind != kind) {
    throw Error("attribute " + quoted_name(name) + " is not of its kind");
  }
  return found;
}

std::int64_t NodeContext::integer(const std::string& name, std::int64_t fallback) const {
  const Attribute* const found = attribute(name, Attribute::Kind::integer);
  return found != nullptr ? found->integer : fallback;
}

float NodeContext::number(const std::string& name, float fallback) const {
  const Attribute* const found = attribute(name, Attribute::Kind::number);
  return found != nullptr ? found->number : fallback;
}

double NodeContext::decimal(const std::string& name, double fallback) const {
  const Attribute* const found = attribute(name, Attribute::Kind::number);
  if (found == nullptr) return fallback;
  std::array<char, 64> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), found->number);
  double number = double{found->number};
  std::from_chars(text.data(), written.ptr, number);
  return number;
}

std::string NodeContext::text(const std::string& name, const std::string& fallback) const {
  const Attribute* const found = attribute(name, Attribute::Kind::text);
  return found != nullptr ? found->text : fallback;
}

std::optional<std::vector<std::int64_t>> NodeContext::integers(const std::string& name) const {
  const Attribute* const found = attribute(name, Attribute::Kind::integers);
  return found != nullptr ? std::optional(found->integers) : std::nullopt;
}

const Value& NodeContext::known(std::size_t index, const char* what) const {
  const Value& value = input(index);
  if (!value.is_constant()) {
    throw Error(std::string("its ") + what + " depends on the picture; it must be known beforehand");
  }
  return value;
}

std::vector<std::int64_t> NodeContext::known_integers(std::size_t index, const char* what) const {
  return integers_of(known(index, what), GraphBuilder::most_elements);
}

std::vector<double> NodeContext::known_numbers(std::size_t index, const char* what) const {
  return numbers_of(known(index, what), GraphBuilder::most_elements);
}

std::optional<std::vector<std::int64_t>> NodeContext::list(const std::string& attribute,
                                                           std::size_t input) const {
  if (has(input)) return known_integers(input, attribute.c_str());
  return integers(attribute);
}

BoundParameter NodeContext::parameter(std::size_t index, const char* what) const {
  const Value& value = known(index, what);
  return {value, is_whole(value) ? node_.inputs[index] : ""};
}

std::size_t NodeContext::axis(std::int64_t axis, std::size_t rank) {
  const auto dimensions = static_cast<std::int64_t>(rank);
  if (axis < -dimensions || axis >= dimensions) {
    throw Error("axis " + std::to_string(axis) + " of a tensor of " + std::to_string(rank) + " dimensions");
  }
  return static_cast<std::size_t>(axis < 0 ? axis + dimensions : axis);
}

std::vector<std::size_t> NodeContext::axes(const std::vector<std::int64_t>& axes, std::size_t rank) {
  std::vector<std::size_t> result;
  result.reserve(axes.size());
  for (const std::int64_t value : axes) result.push_back(axis(value, rank));
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) throw Error("an axis is named twice");
  return result;
}

}  // namespace edge::onnx
