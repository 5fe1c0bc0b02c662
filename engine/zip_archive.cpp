#include "engine/zip_archive.h"

#include <algorithm>

#include "engine/bytes.h"
#include "engine/error.h"
#include "engine/quoted_name.h"

namespace edge {
namespace {

constexpr std::size_t most_files = 1'000'000;
constexpr std::string_view entry_signature{"PK\1\2", 4};
constexpr std::string_view local_signature{"PK\3\4", 4};
constexpr std::string_view end_signature{"PK\5\6", 4};
constexpr std::string_view end64_signature{"PK\6\6", 4};
constexpr std::string_view locator64_signature{"PK\6\7", 4};
constexpr std::size_t end_bytes = 22;
constexpr std::size_t locator64_bytes = 20;
constexpr std::size_t longest_comment = 0xffff;
constexpr std::uint32_t in_zip64 = 0xffffffff;  // the number does not fit and is among the ZIP64 fields
constexpr std::uint16_t zip64_field = 1;
constexpr std::uint16_t encrypted_flag = 1;

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  std::vector<ZipArchive::Entry> read() {
    const Directory directory = find_directory();
    FileReader cursor(bytes_.substr(0, static_cast<std::size_t>(directory.end)), file_, directory.begin);
    std::vector<ZipArchive::Entry> entries;
    while (cursor.left() > 0) {
      if (entries.size() == most_files) fail("more than " + std::to_string(most_files) + " entries");
      entries.push_back(read_entry(cursor));
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    const auto twice = std::adjacent_find(entries.begin(), entries.end(),
                                          [](const auto& a, const auto& b) { return a.name == b.name; });
    if (twice != entries.end()) fail("entry " + quoted_name(twice->name) + " is there twice");
    return entries;
  }

 private:
  struct Directory {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(file_ + ": a damaged zip archive: " + what);
  }

  static bool starts_with(FileReader& cursor, std::string_view signature) {
    return cursor.left() >= signature.size() && cursor.text(signature.size()) == signature;
  }

  /// The last record of the file; a comment may follow it.
  std::size_t find_end() const {
    const std::size_t tail = std::min(bytes_.size(), end_bytes + longest_comment);
    const std::size_t found = bytes_.substr(bytes_.size() - tail).rfind(end_signature);
    if (found == std::string_view::npos || tail - found < end_bytes)
      throw Error(file_ + ": cut off, or damaged: a zip archive without its directory, which is at the end");
    return bytes_.size() - tail + found;
  }

  Directory find_directory() const {
    const std::size_t end = find_end();
    FileReader cursor(bytes_, file_, end + 12);
    std::uint64_t size = cursor.number<std::uint32_t>();
    std::uint64_t begin = cursor.number<std::uint32_t>();
    std::uint64_t limit = end;
    if (end >= locator64_bytes &&
        bytes_.substr(end - locator64_bytes, locator64_signature.size()) == locator64_signature) {
      limit = FileReader(bytes_, file_, end - locator64_bytes + 8).number<std::uint64_t>();
      FileReader end64(bytes_, file_, limit);
      if (!starts_with(end64, end64_signature)) fail("its ZIP64 record is not where it should be");
      end64.take(36);
      size = end64.number<std::uint64_t>();
      begin = end64.number<std::uint64_t>();
    }
    if (begin > limit || size != limit - begin) fail("its directory is not where it should be");
    return {begin, limit};
  }

  ZipArchive::Entry read_entry(FileReader& cursor) const {
    if (!starts_with(cursor, entry_signature))
      fail("its directory has no entry at byte " + std::to_string(cursor.position()));
    cursor.take(4);  // versions
    const auto flags = cursor.number<std::uint16_t>();
    const auto method = cursor.number<std::uint16_t>();
    cursor.take(8);  // time, date, CRC: torch.save may be told not to compute it
    std::uint64_t stored = cursor.number<std::uint32_t>();
    std::uint64_t size = cursor.number<std::uint32_t>();
    const auto name_length = cursor.number<std::uint16_t>();
    const auto extra_length = cursor.number<std::uint16_t>();
    const auto comment_length = cursor.number<std::uint16_t>();
    cursor.take(8);  // disk, attributes
    std::uint64_t offset = cursor.number<std::uint32_t>();
    const std::string_view name = cursor.text(name_length);
    const std::string_view extra = cursor.text(extra_length);
    cursor.take(comment_length);
    read_zip64(extra, size, stored, offset);
    const std::string label = "entry " + quoted_name(name);
    if ((flags & encrypted_flag) != 0) fail(label + " is encrypted");
    if (method != 0 || stored != size)
      fail(label + " is compressed; torch.save stores entries as they are: unpack and pack with zip -0");
    return {name, contents(offset, size, label)};
  }

  /// The ZIP64 field has, in this order, those of the numbers that did not fit.
  void read_zip64(std::string_view extra, std::uint64_t& size, std::uint64_t& stored,
                  std::uint64_t& offset) const {
    FileReader fields(extra, file_);
    while (fields.left() >= 4) {
      const auto id = fields.number<std::uint16_t>();
      const std::string_view field = fields.text(fields.number<std::uint16_t>());
      if (id != zip64_field) continue;
      FileReader numbers(field, file_);
      for (std::uint64_t* const number : {&size, &stored, &offset}) {
        if (*number == in_zip64) *number = numbers.number<std::uint64_t>();
      }
    }
  }

  std::string_view contents(std::uint64_t offset, std::uint64_t size, const std::string& label) const {
    FileReader local(bytes_, file_, offset);
    if (!starts_with(local, local_signature)) fail(label + " is not where the directory says");
    local.take(22);
    const auto name_length = local.number<std::uint16_t>();
    const auto extra_length = local.number<std::uint16_t>();
    local.take(name_length);
    local.take(extra_length);
    if (size > local.left()) fail(label + " is larger than the file");
    return local.text(size);
  }

  std::string_view bytes_;
  const std::string& file_;
};

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes, const std::string& file)
    : entries_(Reader(bytes, file).read()) {}

std::optional<std::string_view> ZipArchive::find(std::string_view name) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), name,
                       [](const Entry& entry, std::string_view text) { return entry.name < text; });
  if (found == entries_.end() || found->name != name) return {};
  return found->contents;
}

}  // namespace edge
