// Tensors as .npy files, NumPy's format (NEP 1): float32, little-endian, in C order. Reads versions 1.0
// to 3.0, writes 1.0. Thread-safe. Throws Error, one line with the file's name in front.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/shape.h"
#include "engine/tensor.h"

namespace edge {

class OutputFile;

/// What the header of a .npy file says.
struct NpyHeader {
  Shape shape;
  std::size_t offset = 0;  ///< of the values, bytes from the beginning of the file
};

/// Checks all of `bytes`, a whole file, before it is believed: the header is well-formed, the values are
/// float32 in C order, at most 6 dimensions, and exactly as many bytes follow as the shape needs. `file` is
/// used in messages, which name what was found instead.
NpyHeader parse_npy_header(std::string_view bytes, const std::string& file);

/// The shape alone: reads no values.
Shape npy_shape(const std::string& file);

/// Nothing is allocated before the header is known to fit the file's size.
Tensor load_npy(const std::string& file);

/// As OutputFile writes: whole or not at all. The directory must exist.
void save_npy(const std::string& file, const Array& tensor);
void save_npy(OutputFile& file, const Array& tensor);

}  // namespace edge
