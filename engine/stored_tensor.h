// One tensor of a weight file: what it is and where its values are. What reading a file's index gives.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/float_formats.h"
#include "engine/shape.h"

namespace edge {

/// Checked by the reader: all elements lie within the file.
struct StoredTensor {
  std::string name;
  std::optional<FloatFormat> format;  ///< none: not floating-point, cannot be loaded
  std::string type_name;              ///< for messages: "float16", "I64"
  Shape shape;
  std::array<std::int64_t, Shape::max_rank> strides{};  ///< in elements, not negative
  std::uint64_t offset = 0;  ///< of element 0, bytes from the beginning of the file

  /// Row after row without gaps.
  bool contiguous() const;
};

/// By name, each name once.
using WeightIndex = std::vector<StoredTensor>;

/// Strides of `shape` without gaps.
std::array<std::int64_t, Shape::max_rank> contiguous_strides(const Shape& shape);

/// Takes off what wrappers put in front of every name: "module." (DataParallel), "_orig_mod."
/// (torch.compile), "model." (Lightning). Only where all tensors of floats have it, single numbers such as
/// counters aside.
void strip_common_prefixes(WeightIndex& index);

/// Sorts by name. Throws Error("FILE: name ... is there twice").
void sort_by_name(WeightIndex& index, const std::string& file);

}  // namespace edge
