// [model] of config.toml. Pure functions but for an ONNX file that is looked into; thread-safe.
#pragma once

#include <filesystem>

#include "roles/config/config.h"
#include "roles/config/toml_reader.h"

namespace edge {

/// What the table says, paths from the directory of `file`. Without frame_size, an ONNX file may say which
/// frames it takes. Throws Error: one line with file, line, key, what is wrong and what is expected; for an
/// ONNX file that cannot be read.
ModelConfig read_model(const TomlReader& reader, const std::filesystem::path& file);

}  // namespace edge
