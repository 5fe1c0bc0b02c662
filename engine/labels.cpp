#include "engine/labels.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/error.h"
#include "engine/labels_coco.h"
#include "engine/labels_imagenet.h"

namespace edge {
namespace {

constexpr std::size_t most_labels = 1'000'000;
constexpr std::size_t longest_label = 1000;

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view spaces = " \t\r";
  const std::size_t first = line.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(spaces) - first + 1);
}

/// Well-formed according to table 3-7 of the Unicode standard, and without control characters.
bool is_text(std::string_view line) {
  const auto byte = [&](std::size_t i) { return i < line.size() ? static_cast<unsigned char>(line[i]) : 0U; };
  for (std::size_t i = 0; i < line.size();) {
    const unsigned lead = byte(i);
    if (lead < 0x80) {
      if (lead < 0x20 || lead == 0x7f) return false;
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte(i + 1) < least || byte(i + 1) > most) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xbf) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace

Labels Labels::imagenet() {
  Labels labels;
  labels.names_.assign(imagenet_labels.begin(), imagenet_labels.end());
  return labels;
}

Labels Labels::coco() {
  Labels labels;
  labels.names_.assign(coco_labels.begin(), coco_labels.end());
  return labels;
}

Labels Labels::coco_numbered() {
  Labels labels;
  labels.names_.resize(std::size_t{coco_numbers.back()} + 1);
  for (std::size_t i = 0; i < coco_labels.size(); ++i) labels.names_[coco_numbers[i]] = coco_labels[i];
  return labels;
}

Labels Labels::from_file(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    throw Error(file + ": " + (error ? error.message() : std::string("not a regular file")));
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(file + ": cannot be opened: " + std::strerror(errno));
  Labels labels;
  std::size_t empty_lines = 0;
  std::string line;
  const auto fail = [&](const std::string& what) {
    throw Error(file + ":" + std::to_string(labels.size() + empty_lines + 1) + ": " + what);
  };
  const auto read_line = [&] {  // never more than a label's length into memory
    line.clear();
    for (int c = stream.get(); c != std::char_traits<char>::eof(); c = stream.get()) {
      if (c == '\n') return true;
      if (line.size() == longest_label) fail("longer than " + std::to_string(longest_label) + " bytes");
      line += static_cast<char>(c);
    }
    return !line.empty();
  };
  while (read_line()) {
    std::string_view label = trimmed(line);
    if (labels.size() + empty_lines == 0 && label.starts_with("\xef\xbb\xbf")) label.remove_prefix(3);
    if (label.empty()) {
      ++empty_lines;
      continue;
    }
    if (empty_lines > 0) {
      throw Error(file + ":" + std::to_string(labels.size() + 1) +
                  ": empty; each line is the name of one class");
    }
    if (!is_text(label)) fail("not UTF-8 text");
    if (labels.size() == most_labels) fail("more than " + std::to_string(most_labels) + " names");
    labels.names_.emplace_back(label);
  }
  if (stream.bad()) throw Error(file + ": cannot be read");
  if (labels.empty()) throw Error(file + ": empty; each line is the name of one class");
  return labels;
}

}  // namespace edge
