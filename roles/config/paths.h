// Paths that a config file names. Thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "roles/config/toml_reader.h"

namespace edge {

/// Relative paths are meant from the directory of the config file, wherever the program is started.
std::string from_directory_of(const std::filesystem::path& file, const std::string& path);

/// A video's source is no path: "-" (standard input), or something with a scheme: rtsp://..., synthetic:...
bool is_stream(const std::string& source);

/// The path at `key`, from the directory of `file`; `path` stays as it is if the key is not there. Throws
/// Error as TomlReader.
void read_path(const TomlReader& reader, std::string_view key, std::string& path,
               const std::filesystem::path& file);
/// The same, for the source of a video, which may be a stream.
void read_source(const TomlReader& reader, std::string& source, const std::filesystem::path& file);

/// $XDG_CACHE_HOME/edge, ~/.cache/edge, or a directory for services without a home.
std::filesystem::path default_cache_directory();

}  // namespace edge
