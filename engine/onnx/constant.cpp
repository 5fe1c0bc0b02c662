#include "engine/onnx/constant.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/error.h"
#include "engine/float_formats.h"

namespace edge::onnx {
namespace {

static_assert(std::endian::native == std::endian::little);

struct TypeInfo {
  DataType type;
  const char* name;
  std::size_t size;
};

constexpr std::array types{
    TypeInfo{DataType::float32, "float32", 4}, TypeInfo{DataType::uint8, "uint8", 1},
    TypeInfo{DataType::int8, "int8", 1},       TypeInfo{DataType::uint16, "uint16", 2},
    TypeInfo{DataType::int16, "int16", 2},     TypeInfo{DataType::int32, "int32", 4},
    TypeInfo{DataType::int64, "int64", 8},     TypeInfo{DataType::string, "string", 0},
    TypeInfo{DataType::boolean, "bool", 1},    TypeInfo{DataType::float16, "float16", 2},
    TypeInfo{DataType::float64, "float64", 8}, TypeInfo{DataType::uint32, "uint32", 4},
    TypeInfo{DataType::uint64, "uint64", 8},   TypeInfo{DataType::bfloat16, "bfloat16", 2}};

const TypeInfo* find(DataType type) {
  const auto* const found =
      std::find_if(types.begin(), types.end(), [&](const TypeInfo& info) { return info.type == type; });
  return found == types.end() ? nullptr : found;
}

template <class Number>
Number read(std::string_view bytes, std::size_t index) {
  Number number;
  std::memcpy(&number, bytes.data() + index * sizeof(Number), sizeof(Number));
  return number;
}

template <class Number>
void append(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof(Number));
}

float decode_half(FloatFormat format, std::string_view bytes, std::size_t index) {
  float value = 0;
  decode_floats(format, bytes.data() + 2 * index, 1, &value);
  return value;
}

/// Cut to an integer; values that no integer of 64 bits has become the nearest one, NaN 0.
std::int64_t cut(double number) {
  if (std::isnan(number)) return 0;
  if (number >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  if (number < -0x1p63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(number);
}

/// The format of a floating-point type.
FloatFormat format_of(DataType type) {
  switch (type) {
    case DataType::float16:
      return FloatFormat::f16;
    case DataType::bfloat16:
      return FloatFormat::bf16;
    case DataType::float64:
      return FloatFormat::f64;
    default:
      return FloatFormat::f32;
  }
}

}  // namespace

std::string type_name(DataType type) {
  const TypeInfo* const info = find(type);
  return info != nullptr ? info->name : "element type " + std::to_string(static_cast<std::int32_t>(type));
}

std::size_t size_of(DataType type) {
  const TypeInfo* const info = find(type);
  return info != nullptr ? info->size : 0;
}

bool is_floating(DataType type) {
  return type == DataType::float32 || type == DataType::float16 || type == DataType::bfloat16 ||
         type == DataType::float64;
}

std::string to_string(const Dimensions& dims) {
  std::string text;
  for (const std::int64_t extent : dims) {
    if (!text.empty()) text += 'x';
    text += extent < 0 ? "?" : std::to_string(extent);
  }
  return text.empty() ? "scalar" : text;
}

std::int64_t element_count(const Dimensions& dims) {
  constexpr std::int64_t most = std::int64_t{1} << 40;
  std::int64_t product = 1;
  bool empty = false;
  for (const std::int64_t extent : dims) {
    if (extent < 0) throw Error("has a negative extent, " + std::to_string(extent));
    if (extent == 0) {
      empty = true;
    } else if (product > most / extent) {
      throw Error("has more than 2^40 elements");
    } else {
      product *= extent;
    }
  }
  return empty ? 0 : product;
}

Constant::Constant(DataType type, Dimensions dims, std::string_view bytes, std::shared_ptr<const void> owner)
    : type_(type),
      dims_(std::move(dims)),
      elements_(static_cast<std::size_t>(element_count(dims_))),
      bytes_(bytes),
      owner_(std::move(owner)) {
  assert(bytes.size() == elements_ * size_of(type));
}

double converted(double number, DataType type) {
  switch (type) {
    case DataType::float64:
      return number;
    case DataType::float32:
      return static_cast<double>(static_cast<float>(number));
    case DataType::float16:
    case DataType::bfloat16: {
      const auto value = static_cast<float>(number);
      std::array<char, 2> bytes{};
      encode_floats(format_of(type), &value, 1, bytes.data());
      return static_cast<double>(decode_half(format_of(type), {bytes.data(), 2}, 0));
    }
    case DataType::boolean:
      return number != 0 ? 1 : 0;
    case DataType::uint8:
      return static_cast<std::uint8_t>(cut(number));
    case DataType::int8:
      return static_cast<std::int8_t>(cut(number));
    case DataType::uint16:
      return static_cast<std::uint16_t>(cut(number));
    case DataType::int16:
      return static_cast<std::int16_t>(cut(number));
    case DataType::uint32:
      return static_cast<std::uint32_t>(cut(number));
    case DataType::int32:
      return static_cast<std::int32_t>(cut(number));
    default:
      return static_cast<double>(cut(number));
  }
}

Constant Constant::from_numbers(DataType type, Dimensions dims, const std::vector<double>& numbers) {
  auto bytes = std::make_shared<std::string>();
  bytes->reserve(numbers.size() * size_of(type));
  for (const double number : numbers) {
    switch (type) {
      case DataType::float32:
        append(*bytes, static_cast<float>(number));
        break;
      case DataType::float64:
        append(*bytes, number);
        break;
      case DataType::float16:
      case DataType::bfloat16: {
        const auto value = static_cast<float>(number);
        std::array<char, 2> encoded{};
        encode_floats(format_of(type), &value, 1, encoded.data());
        bytes->append(encoded.data(), encoded.size());
        break;
      }
      case DataType::boolean:
        append(*bytes, static_cast<std::uint8_t>(number != 0 ? 1 : 0));
        break;
      default: {
        const std::int64_t integer = cut(number);
        bytes->append(reinterpret_cast<const char*>(&integer), onnx::size_of(type));  // little-endian
      }
    }
  }
  const std::string_view view = *bytes;
  return {type, std::move(dims), view, std::move(bytes)};
}

Constant Constant::from_integers(const std::vector<std::int64_t>& integers) {
  auto values = std::make_shared<std::vector<std::int64_t>>(integers);
  const std::string_view view(reinterpret_cast<const char*>(values->data()),
                              values->size() * sizeof(std::int64_t));
  return {DataType::int64, {static_cast<std::int64_t>(integers.size())}, view, std::move(values)};
}

std::int64_t Constant::integer(std::size_t index) const {
  switch (type_) {
    case DataType::uint8:
    case DataType::boolean:
      return read<std::uint8_t>(bytes_, index);
    case DataType::int8:
      return read<std::int8_t>(bytes_, index);
    case DataType::uint16:
      return read<std::uint16_t>(bytes_, index);
    case DataType::int16:
      return read<std::int16_t>(bytes_, index);
    case DataType::uint32:
      return read<std::uint32_t>(bytes_, index);
    case DataType::int32:
      return read<std::int32_t>(bytes_, index);
    case DataType::int64:
    case DataType::uint64:
      return read<std::int64_t>(bytes_, index);
    default:
      return cut(number(index));
  }
}

double Constant::number(std::size_t index) const {
  if (size_of(type_) == 0) throw Error("nothing can be computed of " + type_name(type_) + "s");
  assert(index < elements_);
  switch (type_) {
    case DataType::float32:
      return static_cast<double>(read<float>(bytes_, index));
    case DataType::float64:
      return read<double>(bytes_, index);
    case DataType::float16:
      return static_cast<double>(decode_half(FloatFormat::f16, bytes_, index));
    case DataType::bfloat16:
      return static_cast<double>(decode_half(FloatFormat::bf16, bytes_, index));
    case DataType::uint64:
      return static_cast<double>(read<std::uint64_t>(bytes_, index));
    default:
      return static_cast<double>(integer(index));
  }
}

std::vector<double> Constant::numbers() const {
  std::vector<double> result(elements_);
  for (std::size_t i = 0; i < elements_; ++i) result[i] = number(i);
  return result;
}

std::vector<std::int64_t> Constant::integers() const {
  std::vector<std::int64_t> result(elements_);
  for (std::size_t i = 0; i < elements_; ++i) result[i] = integer(i);
  return result;
}

Tensor Constant::tensor(const Shape& shape) const {
  assert(shape.elements() == static_cast<std::int64_t>(elements_));
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes_.data()) % alignof(float) == 0;
  if (type_ == DataType::float32 && aligned && elements_ > 0) {
    // A Tensor's values are writable by type only: parameters are never written to.
    auto* const values = const_cast<float*>(reinterpret_cast<const float*>(bytes_.data()));
    return {shape, values, owner_};
  }
  Tensor result(shape);
  if (is_floating(type_)) {
    decode_floats(format_of(type_), bytes_.data(), elements_, result.data());
  } else {
    for (std::size_t i = 0; i < elements_; ++i) result.data()[i] = static_cast<float>(number(i));
  }
  return result;
}

Constant Constant::reshaped(Dimensions dims) const {
  return {type_, std::move(dims), bytes_, owner_};
}

}  // namespace edge::onnx
