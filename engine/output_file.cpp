#include "engine/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ext/stdio_filebuf.h>
#include <ostream>
#include <system_error>
#include <utility>

#include "engine/atomic_file.h"
#include "engine/error.h"

namespace edge {
namespace {

using std::filesystem::path;

constexpr int most_links = 40;  // as many as the kernel follows

/// The file that a chain of links ends in, whether it is there or not.
path behind_links(path file) {
  std::error_code error;
  for (int i = 0; i < most_links; ++i) {
    const path next = std::filesystem::read_symlink(file, error);
    if (error) return file;
    file = next.is_absolute() ? next : file.parent_path() / next;
  }
  return file;
}

path directory_of(const path& file) {
  return file.has_parent_path() ? file.parent_path() : path(".");
}

/// Whether it names a descriptor of this process: /dev/stdout may be a link to a file, which is still not to
/// be replaced.
bool is_descriptor(const path& file) {
  const std::string name = file.lexically_normal().string();
  return name == "/dev/stdout" || name == "/dev/stderr" || name.starts_with("/dev/fd/") ||
         name.starts_with("/proc/self/fd/");
}

/// 0 if a file can be made in `directory`, otherwise errno.
int try_directory(const path& directory) {
  int descriptor = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0 &&
      (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {  // not on this file system
    std::string name = directory / ".edge.XXXXXX";
    descriptor = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor >= 0) ::unlink(name.c_str());
  }
  if (descriptor < 0) return errno;
  ::close(descriptor);
  return 0;
}

}  // namespace

OutputFile::OutputFile(std::string file) : name_(std::move(file)), target_(behind_links(name_)) {
  struct stat status {};
  const bool exists = ::stat(name_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail(EISDIR);
  bool in_place = is_descriptor(name_) || (exists && !S_ISREG(status.st_mode));
  if (!in_place) {
    if (exists && ::access(name_.c_str(), W_OK) != 0) fail(errno);
    const int error = try_directory(directory_of(target_));
    in_place = error != 0 && exists;  // a file of ours in a directory that is not
    if (error != 0 && !in_place) fail(error);
  }
  if (in_place) {
    const int flags = exists && S_ISREG(status.st_mode) && is_descriptor(name_) ? O_APPEND : 0;
    descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);
    if (descriptor_ < 0) fail(errno);
  } else if (exists) {
    permissions_ = status.st_mode & 07777U;
  }
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : name_(std::move(other.name_)),
      target_(std::move(other.target_)),
      permissions_(other.permissions_),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::fail(int error) const {
  throw Error(name_ + ": cannot be written: " + std::strerror(error));
}

void OutputFile::write(const std::function<void(std::ostream&)>& fill) {
  if (descriptor_ < 0) {
    const int error = replace_file(target_, permissions_, fill);
    if (error != 0) fail(error);
    return;
  }
  struct stat status {};
  const bool is_file = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (is_file && !is_descriptor(name_) && ::ftruncate(descriptor_, 0) != 0) fail(errno);
  __gnu_cxx::stdio_filebuf<char> buffer(std::exchange(descriptor_, -1), std::ios::out | std::ios::binary);
  std::ostream stream(&buffer);
  errno = 0;
  fill(stream);
  stream.flush();
  if (!stream) fail(errno != 0 ? errno : EIO);
}

void OutputFile::write(std::string_view content) {
  write([&](std::ostream& stream) {
    stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  });
}

void check_output_directory(const std::string& directory) {
  std::error_code ignored;
  if (std::filesystem::is_directory(directory, ignored)) {
    const int error = try_directory(directory);
    if (error != 0) throw Error(directory + ": no files can be written to it: " + std::strerror(error));
    return;
  }
  const int error = std::filesystem::exists(directory, ignored)
                        ? ENOTDIR
                        : try_directory(directory_of(behind_links(directory)));
  if (error != 0) throw Error(directory + ": no directory can be made: " + std::strerror(error));
}

void make_output_directory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directory(directory, error);
  std::error_code ignored;
  if (std::filesystem::is_directory(directory, ignored)) return;
  throw Error(directory +
              ": no directory can be made: " + (error ? error.message() : "there is a file of that name"));
}

}  // namespace edge
