#include "roles/line_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/error.h"
#include "roles/standard_output.h"

namespace edge {
namespace {

/// Whether the last line of a file was cut off: a power cut while it was written.
bool ends_inside_a_line(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) return false;
  char last = '\n';
  return ::pread(descriptor, &last, 1, status.st_size - 1) == 1 && last != '\n';
}

}  // namespace

LineOutput::LineOutput(std::string file, Existing existing) : name_(std::move(file)) {
  if (is_standard_output()) return;
  const int flags =
      O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | (existing == Existing::overwrite ? O_TRUNC : 0);
  struct stat status {};
  const bool is_special = ::stat(name_.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  // A pipe that is open for reading here, too, would never tell that its reader has gone.
  descriptor_ = ::open(name_.c_str(), flags | (is_special ? O_WRONLY : O_RDWR), 0666);
  if (descriptor_ < 0 && errno == EACCES) descriptor_ = ::open(name_.c_str(), flags | O_WRONLY, 0666);
  if (descriptor_ < 0) throw Error(name_ + ": cannot be written: " + std::strerror(errno));
  if (ends_inside_a_line(descriptor_)) write("");
}

LineOutput::~LineOutput() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void LineOutput::write(std::string_view line) {
  const std::string text = std::string(line) + '\n';
  if (is_standard_output()) return write_standard_output(text);
  const int error = write_all(descriptor_, text);
  if (error == EPIPE) throw ClosedPipe();
  if (error != 0) throw Error(name_ + ": cannot be written: " + std::strerror(error));
}

}  // namespace edge
