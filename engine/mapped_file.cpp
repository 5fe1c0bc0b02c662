#include "engine/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/error.h"

namespace edge {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

MappedFile::Version version_of(const struct stat& status) {
  return {.bytes = static_cast<std::uint64_t>(status.st_size),
          .inode = status.st_ino,
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

}  // namespace

MappedFile::Descriptor::~Descriptor() {
  if (number >= 0) ::close(number);
}

MappedFile::MappedFile(const std::string& file) : name_(file) {
  const auto fail = [&](const std::string& why) { throw Error(file + ": " + why); };
  // Without O_NONBLOCK the open of a FIFO would wait for a writer.
  descriptor_.number = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_.number < 0) fail(std::string("cannot be opened: ") + std::strerror(errno));
  struct stat status {};
  if (::fstat(descriptor_.number, &status) != 0) fail(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail("not a regular file");
  version_ = version_of(status);
  if (version_.bytes == 0) return;  // nothing can be mapped
  const auto too_large = [&] {
    fail("its " + std::to_string(version_.bytes) +
         " bytes do not fit into this process' address space; use a smaller file, or a 64-bit system");
  };
  if (version_.bytes > std::numeric_limits<std::size_t>::max() / 2) too_large();
  const auto size = static_cast<std::size_t>(version_.bytes);
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor_.number, 0);
  if (mapped == MAP_FAILED && errno == ENOMEM) too_large();
  if (mapped == MAP_FAILED) fail(std::string("cannot be mapped: ") + std::strerror(errno));
  data_ = static_cast<char*>(mapped);
  size_ = size;
}

MappedFile::MappedFile(std::string name, std::string_view bytes)
    : name_(std::move(name)), data_(bytes.data()), size_(bytes.size()) {
  version_.bytes = size_;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr && descriptor_.number >= 0) ::munmap(const_cast<char*>(data_), size_);
}

void MappedFile::check_unchanged() const {
  if (descriptor_.number < 0) return;
  struct stat status {};
  if (::fstat(descriptor_.number, &status) != 0) throw Error(name_ + ": " + std::strerror(errno));
  const Version now = version_of(status);
  // Not the time of change: that of a file which was replaced as it should be changes, too.
  if (now.bytes == version_.bytes && now.modified_ns == version_.modified_ns) return;
  throw Error(name_ +
              ": was overwritten while in use, so that its values can no longer be trusted; start again, and "
              "replace a file in use by renaming a new one");
}

void MappedFile::advise(std::string_view part, int advice) const {
  if (descriptor_.number < 0) return;
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = static_cast<std::size_t>(part.data() - data_);
  // A page that is shared with what lies around may be read ahead, but not released.
  const bool inner = advice == MADV_DONTNEED;
  const std::size_t first = (inner ? begin + page - 1 : begin) / page * page;
  const std::size_t last =
      inner && begin + part.size() < size_ ? (begin + part.size()) / page * page : begin + part.size();
  if (first < last) ::madvise(const_cast<char*>(data_) + first, last - first, advice);  // only a hint
}

void MappedFile::will_need(std::string_view part) const {
  advise(part, MADV_WILLNEED);
}

void MappedFile::release(std::string_view part) const {
  advise(part, MADV_DONTNEED);
}

}  // namespace edge
