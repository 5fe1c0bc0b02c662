#include "roles/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace edge {
namespace {

/// 0 or errno.
int write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  // Without it a power cut (devices have no shutdown button) may leave an empty file behind the rename.
  return ::fsync(descriptor) == 0 ? 0 : errno;
}

}  // namespace

std::string write_file_atomically(const std::filesystem::path& file, std::span<const std::byte> bytes) {
  const auto failed = [&](int error) {
    return fmt::format("{}: cannot write: {}", file.string(), std::strerror(error));
  };
  std::error_code made;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), made);
  if (made) return failed(made.value());
  std::string temporary = file.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return failed(errno);
  ::fchmod(descriptor, 0644);
  int error = write_all(descriptor, bytes);
  ::close(descriptor);
  if (error == 0 && std::rename(temporary.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) return "";
  ::unlink(temporary.c_str());
  return failed(error);
}

}  // namespace edge
