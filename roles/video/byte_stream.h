// Bytes in order, from a file, a pipe or (tests) memory: what the raw and Y4M readers read from.
// One owner, one thread; cancel() may be called from another. Read errors are thrown as Error naming the
// stream.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "roles/process/event_flag.h"
#include "roles/process/file_descriptor.h"

namespace edge {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Reads at least one and at most bytes.size() bytes; 0 at the end or after cancel().
  virtual std::size_t read(std::span<std::byte> bytes) = 0;
  /// Makes a blocked read() return 0 soon, and all later ones at once.
  virtual void cancel() {}
  virtual bool cancelled() const { return false; }
};

/// A file or named pipe. `stop` cancels it, too. Throws Error if it cannot be opened for reading; read() does
/// so if nothing comes for longer than `patience`.
std::unique_ptr<ByteStream> open_file(const std::string& path, std::chrono::milliseconds patience,
                                      const std::stop_token& stop);
/// The standard input of this process, which may be silent for ever. Throws Error if that is a terminal.
std::unique_ptr<ByteStream> open_standard_input(const std::stop_token& stop);

/// Adds looking ahead to a stream.
class BufferedReader {
 public:
  explicit BufferedReader(std::shared_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  /// Fills `bytes` as far as the stream goes; returns how many there were.
  std::size_t read(std::span<std::byte> bytes);
  /// True if the next bytes are `text`; consumes nothing.
  bool next_is(std::string_view text);
  /// The bytes up to the next '\n', which is consumed but not returned. Nothing if the stream ends first or
  /// the line is longer than `limit`.
  std::optional<std::string> read_line(std::size_t limit);
  bool at_end();

  void cancel() { stream_->cancel(); }
  bool cancelled() const { return stream_->cancelled(); }

 private:
  bool look_ahead(std::size_t count);  // true if at least `count` bytes are in ahead_

  std::shared_ptr<ByteStream> stream_;  // shared with an owner that wants to cancel it
  std::vector<std::byte> ahead_;
  std::size_t begin_ = 0;  // of the bytes in ahead_ that were not consumed
};

}  // namespace edge
