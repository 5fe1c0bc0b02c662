// Starts `edge` processes for the end-to-end tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace edge::test {

using namespace std::chrono_literals;

/// A directory of its own for a test's files, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

/// Descriptors for a process; -1: as EdgeProcess says.
struct ProcessStreams {
  int input = -1;
  int output = -1;
};

/// One running process; stdin is empty, stdout and stderr go to files. Killed in the destructor if it still
/// runs. May be started from any thread, which has to outlive it.
class EdgeProcess {
 public:
  /// `command`: program and arguments. Gets no descriptor but the standard ones.
  EdgeProcess(const std::vector<std::string>& command, std::filesystem::path output,
              std::filesystem::path errors, const std::map<std::string, std::string>& environment = {},
              const ProcessStreams& streams = {});
  ~EdgeProcess();
  EdgeProcess(EdgeProcess&& other) noexcept;
  EdgeProcess(const EdgeProcess&) = delete;
  EdgeProcess& operator=(const EdgeProcess&) = delete;

  void kill(int signal) const;
  /// The exit status as a shell states it (128 + signal), or -1 if it still runs after `limit`.
  int wait(std::chrono::milliseconds limit = 60s);
  bool running();
  pid_t pid() const { return pid_; }
  std::string output() const;
  std::string errors() const;
  /// Waits until `text` appears in stderr. False after `limit`.
  bool wait_for_message(const std::string& text, std::chrono::milliseconds limit = 20s) const;

 private:
  pid_t pid_ = -1;
  int status_ = -1;
  std::filesystem::path output_;
  std::filesystem::path errors_;
};

/// The program under test.
std::vector<std::string> edge_command(const std::vector<std::string>& arguments);

/// `count` ports of 127.0.0.1 that were free a moment ago.
std::vector<std::uint16_t> free_ports(int count);

/// The JSON lines of an output.
std::vector<nlohmann::json> json_lines(const std::string& text);

std::string read_file(const std::filesystem::path& path);

}  // namespace edge::test
