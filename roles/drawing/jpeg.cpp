#include "roles/drawing/jpeg.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <system_error>
#include <vector>

#include "engine/error.h"
#include "engine/printable.h"
#include "roles/process/child_process.h"
#include "roles/process/file_descriptor.h"

namespace edge::drawing {
namespace {

using std::chrono::milliseconds;

/// For one picture.
constexpr milliseconds patience(60000);

[[noreturn]] void fail(const std::string& what, int error) {
  throw Error(what + ": " + std::generic_category().message(error));
}

/// The pixels in memory that a child process can read.
FileDescriptor memory_file(std::span<const std::uint8_t> bytes) {
  FileDescriptor file(::memfd_create("picture", MFD_CLOEXEC));
  if (!file.is_open()) fail("no memory for a picture", errno);
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t count = ::write(file.get(), bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno != EINTR) fail("no memory for a picture", errno);
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

struct Said {
  std::string output, errors;
  int status = -1;
};

/// Appends what there is; false at the end.
bool read_into(std::string& text, int descriptor) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

Said run(std::vector<std::string> arguments, int kept_descriptor) {
  const auto end = std::chrono::steady_clock::now() + patience;
  try {
    ChildProcess child({.arguments = std::move(arguments), .kept_descriptor = kept_descriptor});
    Said said;
    std::array<pollfd, 2> polled{pollfd{child.output(), POLLIN, 0}, pollfd{child.errors(), POLLIN, 0}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
      const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) throw Error("ffmpeg takes too long for a picture");
      ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
      for (std::size_t i = 0; i < polled.size(); ++i) {
        if (polled[i].fd < 0 || polled[i].revents == 0) continue;
        if (!read_into(i == 0 ? said.output : said.errors, polled[i].fd)) polled[i].fd = -1;
      }
    }
    said.status = child.wait(patience).value_or(-1);
    return said;
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::no_such_file_or_directory) {
      throw Error("ffmpeg not found: install the package ffmpeg, or leave --draw out");
    }
    throw Error("cannot start ffmpeg: " + error.code().message());
  }
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return printable(text.substr(text.rfind('\n') + 1));
}

}  // namespace

void require_ffmpeg() {
  run({"ffmpeg", "-hide_banner", "-version"}, -1);
}

std::string jpeg_of(const Canvas& canvas) {
  const FileDescriptor pixels = memory_file(canvas.pixels());
  // Chroma at full resolution: thin lines and letters keep their colours.
  Said said = run({"ffmpeg",
                   "-hide_banner",
                   "-nostdin",
                   "-loglevel",
                   "error",
                   "-f",
                   "rawvideo",
                   "-pixel_format",
                   "rgb24",
                   "-video_size",
                   fmt::format("{}x{}", canvas.size().columns, canvas.size().rows),
                   "-i",
                   fmt::format("pipe:{}", pixels.get()),
                   "-frames:v",
                   "1",
                   "-pix_fmt",
                   "yuvj444p",
                   "-c:v",
                   "mjpeg",
                   "-q:v",
                   "2",
                   "-f",
                   "image2pipe",
                   "pipe:1"},
                  pixels.get());
  if (said.status == 0 && !said.output.empty()) return std::move(said.output);
  const std::string words = last_line(said.errors);
  throw Error("ffmpeg cannot write a picture" + (words.empty() ? "" : ": " + words));
}

}  // namespace edge::drawing
