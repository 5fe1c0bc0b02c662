// A TOML file as text and as a tree. This file compiles toml++, too.
#define TOML_IMPLEMENTATION
#include "roles/config/toml_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge {
namespace {

constexpr std::size_t max_file_bytes = std::size_t{1} << 20;

/// toml++ builds one nested table per dot of a dotted key, and frees them recursively: the stack is the
/// limit.
void check_dots(const std::string& text, const std::filesystem::path& file) {
  constexpr std::ptrdiff_t max_dots = 5000;  // numbers and addresses of 64 workers have some hundreds
  if (std::count(text.begin(), text.end(), '.') > max_dots) {
    throw Error(fmt::format("{}: more than {} dots; this is no config file", file.string(), max_dots));
  }
}

}  // namespace

std::string read_toml(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    throw Error(fmt::format("{}: is a directory, not a config file", file.string()));
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "cannot be opened";
    throw Error(fmt::format("{}: {}; name the config file with -c FILE", file.string(), reason));
  }
  std::string text(max_file_bytes + 1, '\0');  // one more than parse_toml accepts
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) {
    throw Error(fmt::format("{}: cannot be read", file.string()));
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

toml::table parse_toml(const std::string& text, const std::filesystem::path& file) {
  if (text.size() > max_file_bytes) {
    throw Error(
        fmt::format("{}: larger than {} bytes; this is no config file", file.string(), max_file_bytes));
  }
  check_dots(text, file);
  try {
    return toml::parse(std::string_view(text), file.string());
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}:{}: not valid TOML: {}", file.string(), error.source().begin.line,
                            printable(error.description(), 200)));
  }
}

}  // namespace edge
