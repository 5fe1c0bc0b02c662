#include "engine/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ext/stdio_filebuf.h>
#include <ostream>
#include <system_error>

namespace edge {
namespace {

/// A new file beside `file`. It is removed, whatever ended the writing, unless it was renamed.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& file) {
    constexpr int most_attempts =
        100;  // other processes of this number: in a container with the same directory
    for (int i = 0; i < most_attempts && descriptor_ < 0; ++i) {
      name_ = file.string() + "." + std::to_string(::getpid()) + "-" + std::to_string(i) + ".part";
      descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ < 0 && errno != EEXIST) return;
    }
  }
  ~Temporary() {
    if (descriptor_ >= 0) ::unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const char* name() const { return name_.c_str(); }
  /// Negative if it could not be made; errno says why.
  int descriptor() const { return descriptor_; }

 private:
  std::string name_;
  int descriptor_ = -1;
};

}  // namespace

int replace_file(const std::filesystem::path& file, std::optional<mode_t> permissions,
                 const std::function<void(std::ostream&)>& fill) {
  const Temporary temporary(file);
  if (temporary.descriptor() < 0) return errno;
  __gnu_cxx::stdio_filebuf<char> buffer(temporary.descriptor(), std::ios::out | std::ios::binary);
  if (permissions) ::fchmod(buffer.fd(), *permissions);
  std::ostream stream(&buffer);
  errno = 0;
  fill(stream);
  stream.flush();
  if (!stream) return errno != 0 ? errno : EIO;
  // Without it a power cut (devices have no shutdown button) may leave an empty file behind the rename.
  if (::fsync(buffer.fd()) != 0) return errno;
  return std::rename(temporary.name(), file.c_str()) == 0 ? 0 : errno;
}

std::string write_file_atomically(const std::filesystem::path& file, std::span<const std::byte> bytes) {
  std::error_code made;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), made);
  const int error = made ? made.value() : replace_file(file, std::nullopt, [&](std::ostream& stream) {
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  });
  return error == 0 ? "" : file.string() + ": cannot write: " + std::strerror(error);
}

}  // namespace edge
