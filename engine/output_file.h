// Files that a user names for results. What is there is respected: a device, a pipe or a terminal is written
// to, never replaced; a link stays a link; a file that is replaced keeps its permissions; directories are not
// made. One thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace edge {

class OutputFile {
 public:
  /// Finds out whether the file can be written, without changing it: call it before the work whose result it
  /// is to hold. Throws Error: "FILE: cannot be written: why".
  explicit OutputFile(std::string file);
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  OutputFile& operator=(OutputFile&&) = delete;

  /// The whole content, once; a file is replaced as a whole (replace_file). Throws Error, and what `fill`
  /// throws.
  void write(const std::function<void(std::ostream&)>& fill);
  void write(std::string_view content);
  const std::string& name() const { return name_; }

 private:
  [[noreturn]] void fail(int error) const;

  std::string name_;                   ///< as the user wrote it
  std::filesystem::path target_;       ///< behind all links
  std::optional<mode_t> permissions_;  ///< of the file that is replaced
  int descriptor_ = -1;                ///< of what is written in place
};

/// Finds out whether files can be written to `directory`, or it can be made. Throws Error as
/// make_output_directory does, or "DIRECTORY: no files can be written to it: why".
void check_output_directory(const std::string& directory);
/// Makes the directory `directory` in one that is there, if need be. Throws Error: "DIRECTORY: no directory
/// can be made: why".
void make_output_directory(const std::string& directory);

}  // namespace edge
