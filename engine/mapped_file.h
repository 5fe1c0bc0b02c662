// A file as read-only memory. Pages are read when they are first touched, and the system may drop them again:
// weights of layers that another device runs cost neither time nor memory.
//
// Thread-safe. Whoever replaces a file in use must write a new one and rename it: cutting a mapped file short
// ends the processes that read behind its new end (SIGBUS). check_unchanged() finds out in most cases.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace edge {

class MappedFile {
 public:
  /// What tells whether a file is still the one that it was. Times in nanoseconds since 1970.
  struct Version {
    std::uint64_t bytes = 0;
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    friend bool operator==(const Version&, const Version&) = default;
  };

  /// Throws Error with the file's name: not there, not a regular file, too large for the address space.
  explicit MappedFile(const std::string& file);
  /// What is in memory already, for as long as the program runs, as if it were a file; `name` is for
  /// messages.
  MappedFile(std::string name, std::string_view bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& name() const { return name_; }
  std::string_view bytes() const { return {data_, size_}; }
  const Version& version() const { return version_; }

  /// Throws Error if the file has been written to since it was opened: its bytes are then a mixture of old
  /// and new. One that was replaced by another of its name is still what it was.
  void check_unchanged() const;

  /// These bytes will be read soon, front to back.
  void will_need(std::string_view part) const;
  /// These bytes are not needed for now: their pages no longer count as memory of this process. They can be
  /// read again at any time.
  void release(std::string_view part) const;

 private:
  /// Closes it at the end.
  struct Descriptor {
    Descriptor() = default;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    int number = -1;
  };

  void advise(std::string_view part, int advice) const;

  std::string name_;
  Descriptor descriptor_;  ///< tells whether the file changes; the mapping itself does without. None: memory
  const char* data_ = nullptr;  ///< read-only
  std::size_t size_ = 0;
  Version version_;
};

}  // namespace edge
