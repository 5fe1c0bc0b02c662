// Digests of a weight file's parameters, kept on disk: hashing half a gigabyte takes a Pi seconds, and the
// file is the same at the next start.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/weight_file.h"

namespace edge {

/// One small JSON file per weight file (docs/weights.md), believed only while the weight file's size, inode
/// and times of modification and change are those that were noted. A parameter that is in it has finite
/// values only. Nothing throws: what cannot be read or written is computed again. One thread.
class WeightDigests {
 public:
  /// `directory` may be empty: then nothing is kept.
  WeightDigests(const std::filesystem::path& directory, const WeightFile& file);

  /// Empty if it is not known.
  std::string find(const std::string& parameter) const;
  void add(const std::string& parameter, const std::string& digest);
  /// Writes the file, if something was added.
  void store() const;

 private:
  std::filesystem::path path_;  ///< empty: nothing is kept
  std::string key_;             ///< path and version of the weight file
  std::map<std::string, std::string> digests_;
  bool changed_ = false;
};

}  // namespace edge
