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

std::string_view line_of(std::string_view text, std::size_t number) {
  for (; number > 1 && !text.empty(); --number)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find('\n'));
}

/// Of `key = word`, what was probably meant; of anything else nothing.
std::string line_with_quotes(std::string_view line) {
  constexpr std::string_view blanks = " \t\r";
  const auto trimmed = [&](std::string_view part) {
    const std::size_t begin = part.find_first_not_of(blanks);
    if (begin == part.npos) return std::string_view();
    return part.substr(begin, part.find_last_not_of(blanks) - begin + 1);
  };
  const std::size_t equals = line.find('=');
  if (equals == line.npos) return "";
  const std::string_view key = trimmed(line.substr(0, equals));
  std::string_view value = line.substr(equals + 1);
  value = trimmed(value.substr(0, value.find('#')));
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool is_text = !value.empty() && (is_letter(value.front()) || value.find_first_of("/.") == 0) &&
                       value.find_first_of("\"'[]{},=") == value.npos;
  if (key.empty() || !is_text || value == "true" || value == "false") return "";
  return fmt::format("{} = \"{}\"", key, value);
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
    const std::string unquoted = line_with_quotes(line_of(text, error.source().begin.line));
    throw Error(fmt::format("{}:{}: not valid TOML: {}", file.string(), error.source().begin.line,
                            unquoted.empty() ? printable(error.description(), 200)
                                             : "text needs quotes: " + printable(unquoted, 200)));
  }
}

}  // namespace edge
