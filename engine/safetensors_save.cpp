// Writing safetensors files.
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "engine/error.h"
#include "engine/output_file.h"
#include "engine/quoted_name.h"
#include "engine/safetensors.h"

namespace edge {
namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they are in memory");

constexpr std::size_t alignment_bytes = 8;  // of the values, behind the header
using Sources = std::map<std::string, SafetensorsSource>;

const char* type_name(FloatFormat format) {
  switch (format) {
    case FloatFormat::f32:
      return "F32";
    case FloatFormat::f16:
      return "F16";
    case FloatFormat::bf16:
      return "BF16";
    case FloatFormat::f64:
      return "F64";
  }
  return "";
}

std::string json_header(const std::string& file, const Sources& tensors, FloatFormat format,
                        const std::map<std::string, std::string>& metadata) {
  std::vector<std::string> entries;
  const auto add = [&](const std::string& name, const nlohmann::ordered_json& value) {
    entries.push_back(nlohmann::json(name).dump() + ":" + value.dump());
  };
  try {
    if (!metadata.empty()) add("__metadata__", metadata);
    std::uint64_t offset = 0;
    for (const auto& [name, tensor] : tensors) {
      if (name == "__metadata__") throw Error(file + ": a tensor cannot be called __metadata__");
      const std::uint64_t end =
          offset + static_cast<std::uint64_t>(tensor.shape.elements()) * size_of(format);
      const std::vector<std::int64_t> extents(tensor.shape.extents().begin(), tensor.shape.extents().end());
      add(name, {{"dtype", type_name(format)}, {"shape", extents}, {"data_offsets", {offset, end}}});
      offset = end;
    }
  } catch (const nlohmann::json::type_error&) {
    throw Error(file + ": a name to be written is not valid UTF-8");
  }
  std::string text = "{";
  for (const std::string& entry : entries) text += (text.size() > 1 ? "," : "") + entry;
  text += "}";
  text.resize((text.size() + alignment_bytes - 1) / alignment_bytes * alignment_bytes,
              ' ');  // values stay aligned
  return text;
}

void write_values(std::ostream& stream, const Array& tensor, FloatFormat format, const std::string& label) {
  constexpr std::size_t most = 4096;
  std::array<char, most * sizeof(double)> bytes;
  std::array<float, most> decoded;
  const float* const values = tensor.values().data();
  for (std::size_t done = 0; done < tensor.elements();) {
    const std::size_t count = std::min(most, tensor.elements() - done);
    encode_floats(format, values + done, count, bytes.data());
    decode_floats(format, bytes.data(), count, decoded.data());
    if (count_not_finite(decoded.data(), count) != count_not_finite(values + done, count))
      throw Error(label + " has values that are too large for " + type_name(format));
    stream.write(bytes.data(), static_cast<std::streamsize>(count * size_of(format)));
    done += count;
  }
}

}  // namespace

void save_safetensors(OutputFile& file, const Sources& tensors, FloatFormat format,
                      const std::map<std::string, std::string>& metadata) {
  const std::string header = json_header(file.name(), tensors, format, metadata);
  const std::uint64_t header_bytes = header.size();
  file.write([&](std::ostream& stream) {
    stream.write(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
    stream.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const auto& [name, source] : tensors) {
      if (!stream) break;
      const Array tensor = source.load();
      assert(tensor.shape() == source.shape);
      write_values(stream, tensor, format, file.name() + ": tensor " + quoted_name(name));
    }
  });
}

void save_safetensors(const std::string& file, const Sources& tensors, FloatFormat format,
                      const std::map<std::string, std::string>& metadata) {
  OutputFile output(file);
  save_safetensors(output, tensors, format, metadata);
}

void save_safetensors(const std::string& file, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata) {
  Sources sources;
  for (const auto& [name, tensor] : tensors)
    sources[name] = {tensor.shape(), [handle = tensor] { return handle; }};
  OutputFile output(file);
  save_safetensors(output, sources, FloatFormat::f32, metadata);
}

}  // namespace edge
