#include "roles/video/byte_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

class DescriptorStream final : public ByteStream {
 public:
  /// Without `patience` it waits for ever.
  DescriptorStream(FileDescriptor owned, int descriptor, std::string name, const std::stop_token& stop,
                   std::optional<std::chrono::milliseconds> patience)
      : owned_(std::move(owned)),
        descriptor_(descriptor),
        name_(std::move(name)),
        cancel_(stop),
        patience_(patience) {}

  std::size_t read(std::span<std::byte> bytes) override {
    while (!cancel_.is_set()) {
      std::array<pollfd, 2> polled = {pollfd{descriptor_, POLLIN, 0},
                                      pollfd{cancel_.descriptor(), POLLIN, 0}};
      const int limit = patience_ ? static_cast<int>(patience_->count()) : -1;
      const int ready = ::poll(polled.data(), polled.size(), limit);
      if (ready < 0) {
        if (errno == EINTR) continue;
        throw Error(name_ + ": cannot wait for data: " + reason(errno));
      }
      if (ready == 0) {
        throw Error(fmt::format("{}: nothing came for {} s; is somebody writing to it?", name_,
                                patience_->count() / 1000));
      }
      if (polled[0].revents == 0) continue;
      const ssize_t count = ::read(descriptor_, bytes.data(), bytes.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR && errno != EAGAIN) throw Error(name_ + ": read error: " + reason(errno));
    }
    return 0;
  }
  void cancel() override { cancel_.set(); }
  bool cancelled() const override { return cancel_.is_set(); }

 private:
  FileDescriptor owned_;  // none for standard input
  int descriptor_;
  std::string name_;
  EventFlag cancel_;
  std::optional<std::chrono::milliseconds> patience_;
};

}  // namespace

std::unique_ptr<ByteStream> open_file(const std::string& path, std::chrono::milliseconds patience,
                                      const std::stop_token& stop) {
  const std::string name = source_name(path);
  // Non-blocking, so that opening a named pipe does not wait for its writer: the first read does, and can be
  // cancelled.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) throw Error(name + ": cannot open: " + reason(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    throw Error(name + ": is a directory, not a video");
  }
  const int descriptor = file.get();
  return std::make_unique<DescriptorStream>(std::move(file), descriptor, name, stop, patience);
}

std::unique_ptr<ByteStream> open_standard_input(const std::stop_token& stop) {
  if (::isatty(STDIN_FILENO) != 0)
    throw Error("-: standard input is a terminal; pipe Y4M or raw RGB24 frames into it");
  return std::make_unique<DescriptorStream>(FileDescriptor(), STDIN_FILENO, "standard input", stop,
                                            std::nullopt);
}

std::size_t BufferedReader::read(std::span<std::byte> bytes) {
  std::size_t done = std::min(bytes.size(), ahead_.size() - begin_);
  std::copy_n(ahead_.begin() + static_cast<std::ptrdiff_t>(begin_), done, bytes.begin());
  begin_ += done;
  while (done < bytes.size()) {
    const std::size_t count = stream_->read(bytes.subspan(done));
    if (count == 0) break;
    done += count;
  }
  return done;
}

bool BufferedReader::look_ahead(std::size_t count) {
  if (ahead_.size() - begin_ >= count) return true;
  ahead_.erase(ahead_.begin(), ahead_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  while (ahead_.size() < count) {
    std::array<std::byte, 256> chunk;
    const std::size_t read = stream_->read(chunk);
    if (read == 0) return false;
    ahead_.insert(ahead_.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(read));
  }
  return true;
}

bool BufferedReader::next_is(std::string_view text) {
  return look_ahead(text.size()) && std::memcmp(ahead_.data() + begin_, text.data(), text.size()) == 0;
}

std::optional<std::string> BufferedReader::read_line(std::size_t limit) {
  for (std::size_t length = 0; length <= limit && look_ahead(length + 1); ++length) {
    if (ahead_[begin_ + length] != std::byte{'\n'}) continue;
    std::string line(length, '\0');
    if (length != 0) std::memcpy(line.data(), ahead_.data() + begin_, length);
    begin_ += length + 1;
    return line;
  }
  return std::nullopt;
}

bool BufferedReader::at_end() {
  return !look_ahead(1);
}

}  // namespace edge
