// Whole safetensors files: the index of one in memory, and reading all of it. safetensors_save.cpp writes.
#include "engine/safetensors.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/bytes.h"
#include "engine/error.h"
#include "engine/mapped_file.h"

namespace edge {
namespace {

constexpr std::uint64_t length_bytes = 8;
/// The format allows 100 MB, of which parsing would take a gigabyte; ResNet152's is 100 kB.
constexpr std::uint64_t longest_header = 16 << 20;

SafetensorsIndex read_header(std::string_view bytes, const std::string& file) {
  if (bytes.size() < length_bytes) throw Error(file + ": not a safetensors file: shorter than 8 bytes");
  FileReader cursor(bytes, file);
  const auto header_bytes = cursor.number<std::uint64_t>();
  if (header_bytes > longest_header || header_bytes > cursor.left()) {
    throw Error(file + ": not a safetensors file, or cut off: a header of " + std::to_string(header_bytes) +
                " bytes in a file of " + std::to_string(bytes.size()));
  }
  return parse_safetensors_header(cursor.text(header_bytes), bytes.size(), file);
}

std::optional<FloatFormat> format_of(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, FloatFormat>, 4> formats{{{"F32", FloatFormat::f32},
                                                                             {"F16", FloatFormat::f16},
                                                                             {"BF16", FloatFormat::bf16},
                                                                             {"F64", FloatFormat::f64}}};
  const auto* const found =
      std::find_if(formats.begin(), formats.end(), [&](const auto& format) { return format.first == type; });
  return found == formats.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

bool looks_like_safetensors(std::string_view bytes) {
  return bytes.size() > length_bytes && bytes[length_bytes] == '{';
}

WeightIndex read_safetensors_index(std::string_view bytes, const std::string& file) {
  WeightIndex index;
  SafetensorsIndex header = read_header(bytes, file);
  for (SafetensorsEntry& entry : header.entries) {
    index.push_back({.name = std::move(entry.name),
                     .format = format_of(entry.type),
                     .type_name = entry.type,
                     .shape = entry.shape,
                     .strides = contiguous_strides(entry.shape),
                     .offset = entry.offset});
  }
  return index;
}

NamedTensors load_safetensors(const std::string& file) {
  const MappedFile mapped(file);
  const std::string_view bytes = mapped.bytes();
  NamedTensors tensors;
  for (const SafetensorsEntry& entry : read_header(bytes, file).entries) {
    if (entry.type != "F32") {
      throw Error(file + ": " + entry.label() + " is " + entry.type + "; only F32 can be read");
    }
    Tensor tensor(entry.shape);
    decode_floats(FloatFormat::f32, bytes.data() + entry.offset, tensor.elements(), tensor.data());
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

}  // namespace edge
