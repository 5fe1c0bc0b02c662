// Tensors of an ONNX file whose values are known: initialisers, attributes, and what is computed from them
// during import. Thread-safe after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace edge::onnx {

/// Extents as in the file: any rank. Checked ones are not negative.
using Dimensions = std::vector<std::int64_t>;
/// Tensors with more of them are refused.
inline constexpr std::size_t most_dimensions = 16;

/// TensorProto's DataType, its numbers.
enum class DataType : std::int32_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  bfloat16 = 16
};

/// "float16", "int64"; "element type 17" for others.
std::string type_name(DataType type);
/// Bytes of an element, 0 for types that cannot be read.
std::size_t size_of(DataType type);
bool is_floating(DataType type);

/// "1x3x480x720", "scalar"; -1 as "?".
std::string to_string(const Dimensions& dims);
/// The number of elements. Throws Error for negative extents and for more than 2^40 elements.
std::int64_t element_count(const Dimensions& dims);

/// Values that lie in a file or were computed. A handle: copies share the values.
class Constant {
 public:
  Constant() = default;
  /// `bytes`: little-endian, as many as dims and type need; `owner` keeps them alive.
  Constant(DataType type, Dimensions dims, std::string_view bytes, std::shared_ptr<const void> owner);
  /// Numbers converted to `type`: rounded to float32, float16 or bfloat16, cut to integers, wrapped to their
  /// range.
  static Constant from_numbers(DataType type, Dimensions dims, const std::vector<double>& numbers);
  static Constant from_integers(const std::vector<std::int64_t>& integers);  ///< a vector of int64

  DataType type() const { return type_; }
  const Dimensions& dims() const { return dims_; }
  std::size_t elements() const { return elements_; }
  std::string_view bytes() const { return bytes_; }
  const std::shared_ptr<const void>& owner() const { return owner_; }

  /// Exact for all types but 64-bit integers beyond 2^53. `index` < elements(). Throws Error for strings, as
  /// all functions below.
  double number(std::size_t index) const;
  std::vector<double> numbers() const;
  /// Exact; floating-point values are cut.
  std::vector<std::int64_t> integers() const;
  /// float32 values in a tensor of `shape` (as many elements): a view of the file where they are stored so,
  /// at a multiple of 4 bytes; never write to it.
  Tensor tensor(const Shape& shape) const;

  /// The same values under other extents with as many elements.
  Constant reshaped(Dimensions dims) const;

 private:
  std::int64_t integer(std::size_t index) const;

  DataType type_ = DataType::undefined;
  Dimensions dims_;
  std::size_t elements_ = 0;
  std::string_view bytes_;
  std::shared_ptr<const void> owner_;
};

/// `number` as a value of `type`: see Constant::from_numbers().
double converted(double number, DataType type);

}  // namespace edge::onnx
