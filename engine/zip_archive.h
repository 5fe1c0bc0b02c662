// The index of a zip archive whose entries are stored, not compressed, as torch.save writes them; also ZIP64.
// Format: PKWARE's APPNOTE.TXT 6.3. Any thread.
//
// Only the central directory counts: it is at the end of the file, so that a file that is cut off has none.
// Nothing is unpacked, so that an archive cannot grow; entries are views of the file's bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edge {

class ZipArchive {
 public:
  struct Entry {
    std::string_view name;
    std::string_view contents;
  };

  /// Throws Error with `file` (used in messages) and what is wrong. `bytes` must outlive this.
  ZipArchive(std::string_view bytes, const std::string& file);

  /// Sorted by name.
  const std::vector<Entry>& entries() const { return entries_; }
  /// Nothing if there is no such entry.
  std::optional<std::string_view> find(std::string_view name) const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace edge
