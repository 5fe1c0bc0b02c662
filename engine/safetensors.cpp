// Reading and writing whole safetensors files.
#include "engine/safetensors.h"

#include <unistd.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/error.h"

namespace edge {
namespace {

static_assert(std::endian::native == std::endian::little,
              "values are read and written as they are in memory");

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t longest_header = 100'000'000;  // the format's own limit

char* as_bytes(float* values) {
  return reinterpret_cast<char*>(values);
}

std::string header_of(const std::string& file, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    if (name == "__metadata__") throw Error(file + ": a tensor cannot be called __metadata__");
    const std::uint64_t end = offset + tensor.bytes();
    const std::vector<std::int64_t> extents(tensor.shape().extents().begin(), tensor.shape().extents().end());
    header[name] = {{"dtype", "F32"}, {"shape", extents}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  try {
    std::string text = header.dump();
    text.resize((text.size() + length_bytes - 1) / length_bytes * length_bytes, ' ');  // values stay aligned
    return text;
  } catch (const nlohmann::json::type_error&) {
    throw Error(file + ": a name to be written is not valid UTF-8");
  }
}

}  // namespace

NamedTensors load_safetensors(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    throw Error(file + ": " + (error ? error.message() : std::string("not a regular file")));
  }
  std::ifstream stream(file, std::ios::binary);
  const std::uintmax_t file_bytes = std::filesystem::file_size(file, error);
  if (!stream || error) throw Error(file + ": cannot be opened: " + std::strerror(errno));
  std::uint64_t header_bytes = 0;
  if (!stream.read(reinterpret_cast<char*>(&header_bytes), length_bytes)) {
    throw Error(file + ": not a safetensors file: shorter than 8 bytes");
  }
  if (header_bytes > longest_header || header_bytes > file_bytes - length_bytes) {
    throw Error(file + ": not a safetensors file, or cut off: a header of " + std::to_string(header_bytes) +
                " bytes in a file of " + std::to_string(file_bytes));
  }
  std::string header(static_cast<std::size_t>(header_bytes), '\0');
  if (!stream.read(header.data(), static_cast<std::streamsize>(header.size()))) {
    throw Error(file + ": cannot be read");
  }
  const SafetensorsIndex index = parse_safetensors_header(header, file_bytes, file);
  NamedTensors tensors;
  for (const SafetensorsEntry& entry : index.entries) {
    if (entry.type != "F32") {
      throw Error(file + ": " + entry.label() + " is " + entry.type + "; only F32 can be read");
    }
    Tensor tensor(entry.shape);
    stream.seekg(static_cast<std::streamoff>(entry.offset));
    if (!stream.read(as_bytes(tensor.data()), static_cast<std::streamsize>(tensor.bytes()))) {
      throw Error(file + ": cannot be read: it ends within " + entry.label());
    }
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

void save_safetensors(const std::string& file, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata) {
  const std::string header = header_of(file, tensors, metadata);
  const std::uint64_t header_bytes = header.size();
  const std::string part = file + "." + std::to_string(::getpid()) + ".part";
  errno = 0;
  std::ofstream stream(part, std::ios::binary | std::ios::trunc);
  stream.write(reinterpret_cast<const char*>(&header_bytes), length_bytes);
  stream.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const auto& [name, tensor] : tensors) {
    stream.write(reinterpret_cast<const char*>(tensor.data()), static_cast<std::streamsize>(tensor.bytes()));
  }
  stream.close();
  std::string problem;
  if (!stream) {
    problem = errno != 0 ? std::strerror(errno) : "unknown reason";
  } else {
    std::error_code error;
    std::filesystem::rename(part, file, error);
    if (error) problem = error.message();
  }
  if (problem.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(part, ignored);
  throw Error(file + ": cannot be written: " + problem);
}

}  // namespace edge
