#include "roles/master/resume.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/error.h"
#include "engine/printable.h"
#include "net/whole_number.h"

namespace edge {
namespace {

/// Where the last line feed in front of `end` is; nothing if there is none.
std::optional<std::uint64_t> line_feed_before(std::ifstream& file, std::uint64_t end) {
  constexpr std::uint64_t piece = 64 * 1024;
  std::string bytes;
  while (end > 0) {
    const std::uint64_t begin = end - std::min(end, piece);
    bytes.resize(static_cast<std::size_t>(end - begin));
    file.seekg(static_cast<std::streamoff>(begin));
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (const std::size_t at = bytes.rfind('\n'); at != std::string::npos) return begin + at;
    end = begin;
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t resume_behind(const std::string& file, const std::string& source) {
  const std::string shown = printable(file, 200);
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) return 0;
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(fmt::format("{}: --resume needs a file that tells what is there; this is none", shown));
  }
  std::ifstream stream(file, std::ios::binary);
  const std::uint64_t size = std::filesystem::file_size(file, error);
  if (!stream || error) throw Error(fmt::format("{}: cannot be read: {}", shown, std::strerror(errno)));
  const std::optional<std::uint64_t> end = line_feed_before(stream, size);
  const std::uint64_t complete = end ? *end + 1 : 0;
  std::uint64_t next = 0;
  if (end) {
    const std::optional<std::uint64_t> before = line_feed_before(stream, *end);
    const std::uint64_t begin = before ? *before + 1 : 0;
    std::string line(static_cast<std::size_t>(*end - begin), '\0');
    stream.seekg(static_cast<std::streamoff>(begin));
    stream.read(line.data(), static_cast<std::streamsize>(line.size()));
    std::string of_video;
    try {
      const nlohmann::json value = nlohmann::json::parse(line);
      of_video = value.at("source").get<std::string>();
      next = net::whole_number<std::uint64_t>(value.at("frame")) + 1;
    } catch (const std::exception&) {
      throw Error(
          fmt::format("{}: its last line is no result of edge, so there is nothing to go on behind; "
                      "leave --resume out, or name another file",
                      shown));
    }
    if (of_video != source) {
      throw Error(
          fmt::format("{}: its last line is of the video {}, not of {}; leave --resume out to add to it, or "
                      "name another file",
                      shown, printable(of_video, 100), printable(source, 100)));
    }
  }
  stream.close();
  if (complete < size) {
    std::filesystem::resize_file(file, complete, error);
    if (error) throw Error(fmt::format("{}: cannot be written: {}", shown, error.message()));
  }
  return next;
}

}  // namespace edge
