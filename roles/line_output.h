// Where the results of a run go, line by line. One thread.
#pragma once

#include <string>
#include <string_view>

namespace edge {

enum class Existing { keep, overwrite };

class LineOutput {
 public:
  /// "-" is the standard output. Lines are added behind those that a file has already, so that a restart
  /// loses nothing, unless it is to be overwritten. Opens it at once. Throws Error.
  LineOutput(std::string file, Existing existing);
  ~LineOutput();
  LineOutput(const LineOutput&) = delete;
  LineOutput& operator=(const LineOutput&) = delete;

  /// `line` without its end. Throws Error, or ClosedPipe if nobody reads any more.
  void write(std::string_view line);
  bool is_standard_output() const { return name_ == "-"; }

 private:
  std::string name_;
  int descriptor_ = -1;
};

}  // namespace edge
