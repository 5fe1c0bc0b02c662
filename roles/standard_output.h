// The standard output, without a buffer that is found to be unwritable too late. Thread-safe.
#pragma once

#include <exception>
#include <string_view>

namespace edge {

/// Whoever read the standard output has closed it (`| head`). Not an error: the program ends, quietly, with
/// the status that a program ends with whom SIGPIPE killed.
class ClosedPipe : public std::exception {
 public:
  static constexpr int exit_status = 141;
  const char* what() const noexcept override { return "the standard output was closed by its reader"; }
};

/// All of `text`. Returns 0, or the errno of why not.
int write_all(int descriptor, std::string_view text);

/// All of it, at once. Throws ClosedPipe, or Error with the reason.
void write_standard_output(std::string_view text);

}  // namespace edge
