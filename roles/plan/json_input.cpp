// A JSON file of bounded size and depth.
#include "roles/plan/json_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <system_error>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge::plan {
namespace {

constexpr std::size_t max_file_bytes = std::size_t{32} << 20;
constexpr int max_depth = 3;

/// nlohmann's message without its own prefix.
std::string reason_of(const Json::exception& error) {
  std::string_view message = error.what();
  for (const std::string_view noise : {"] ", "parse error ", "at "}) {
    const std::size_t at = message.find(noise);
    if (at != message.npos && (at == 0 || noise == "] ")) message.remove_prefix(at + noise.size());
  }
  return printable(message, 200);
}

}  // namespace

std::string read_text(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    throw Error(fmt::format("{}: is a directory, not a JSON file", file.string()));
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const char* reason = errno != 0 ? std::strerror(errno) : "cannot be opened";
    throw Error(fmt::format("{}: {}", printable(file.string(), 200), reason));
  }
  std::string text;
  char block[1 << 16];
  while (text.size() <= max_file_bytes && stream.read(block, sizeof block).gcount() > 0) {
    text.append(block, static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) throw Error(fmt::format("{}: cannot be read", file.string()));
  return text;
}

Json parse_object(std::string_view text, const std::filesystem::path& file) {
  const std::string name = printable(file.string(), 200);
  if (text.size() > max_file_bytes) {
    throw Error(fmt::format("{}: larger than {} MiB; this is no costs file", name, max_file_bytes >> 20));
  }
  std::string key;
  std::set<std::string> keys;
  const auto where = [&] { return key.empty() ? name : fmt::format("{}: {}", name, printable(key, 60)); };
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    const bool begins =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (begins && depth >= max_depth) {
      throw Error(fmt::format("{}: nested more deeply than arrays of arrays", where()));
    }
    if (event == Json::parse_event_t::key && depth == 1) {
      key = value.get<std::string>();
      if (!keys.insert(key).second) throw Error(fmt::format("{}: is there twice", where()));
    }
    return true;
  };
  Json object;
  try {
    object = Json::parse(text.begin(), text.end(), check);
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: not valid JSON: {}", where(), reason_of(error)));
  }
  if (!object.is_object()) {
    throw Error(fmt::format("{}: must be a JSON object, {{\"layer_cost\": [...], ...}}", name));
  }
  return object;
}

}  // namespace edge::plan
