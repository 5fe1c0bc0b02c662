#include "roles/config/paths.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace edge {

std::string from_directory_of(const std::filesystem::path& file, const std::string& path) {
  return std::filesystem::path(path).is_absolute() ? path : (file.parent_path() / path).string();
}

bool is_stream(const std::string& source) {
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const auto end = std::find_if_not(source.begin(), source.end(), is_letter);
  return source == "-" || (end - source.begin() >= 2 && end != source.end() && *end == ':');
}

void read_path(const TomlReader& reader, std::string_view key, std::string& path,
               const std::filesystem::path& file) {
  reader.read_text(key, path);
  if (!path.empty()) path = from_directory_of(file, path);
}

void read_source(const TomlReader& reader, std::string& source, const std::filesystem::path& file) {
  reader.read_text("source", source);
  if (!source.empty() && !is_stream(source)) source = from_directory_of(file, source);
}

std::filesystem::path default_cache_directory() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') {
    return std::filesystem::path(cache) / "edge";
  }
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') {
    return std::filesystem::path(home) / ".cache" / "edge";
  }
  return "/var/tmp/edge";  // a service without a home
}

}  // namespace edge
