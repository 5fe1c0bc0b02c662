// Files of named tensors in the safetensors format: u64 little-endian length of the header, the header (JSON:
// name to dtype, shape, data_offsets), the values. Any thread. What a file says is checked before it is
// believed: every fault is an Error with the file's name and what is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/float_formats.h"
#include "engine/stored_tensor.h"
#include "engine/tensor.h"

namespace edge {

class OutputFile;

using NamedTensors = std::map<std::string, Tensor>;

/// Where a tensor's values are and what they are.
struct SafetensorsEntry {
  std::string name;
  std::string type;  ///< as in the file: "F32", "F16", "BF16", "I64" ...
  Shape shape;
  std::uint64_t offset = 0;  ///< of the first byte, from the beginning of the file; not aligned
  std::uint64_t bytes = 0;   ///< what the shape takes

  /// tensor "name", made fit for one line of a message.
  std::string label() const;
};

struct SafetensorsIndex {
  std::vector<SafetensorsEntry> entries;  ///< by offset; they cover all of the file behind the header
  std::map<std::string, std::string> metadata;
};

/// The index of a file of `file_bytes` that begins with 8 bytes and then `header`. `file` is for messages.
SafetensorsIndex parse_safetensors_header(std::string_view header, std::uint64_t file_bytes,
                                          const std::string& file);

/// By the first bytes: a length, and the bracket that begins the header.
bool looks_like_safetensors(std::string_view bytes);

/// The index of a whole file. Throws Error as above.
WeightIndex read_safetensors_index(std::string_view bytes, const std::string& file);

/// Reads all tensors, which must be F32.
NamedTensors load_safetensors(const std::string& file);

/// As OutputFile writes: `file` is never half written.
void save_safetensors(const std::string& file, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata = {});

/// A tensor to be written, whose values are asked for when its turn comes.
struct SafetensorsSource {
  Shape shape;
  std::function<Array()> load;
};

/// The same with one tensor in memory at a time, in a format of choice. Throws Error if a value is too large
/// for the format.
void save_safetensors(const std::string& file, const std::map<std::string, SafetensorsSource>& tensors,
                      FloatFormat format, const std::map<std::string, std::string>& metadata = {});
void save_safetensors(OutputFile& file, const std::map<std::string, SafetensorsSource>& tensors,
                      FloatFormat format, const std::map<std::string, std::string>& metadata = {});

}  // namespace edge
