#include "tests/faults/process_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/faults/scenario.h"

namespace edge::faults {
namespace {

namespace fs = std::filesystem;

template <typename Visit>
void for_each_descriptor(pid_t pid, Visit visit) {
  std::error_code error;
  for (fs::directory_iterator at(fmt::format("/proc/{}/fd", pid), error), end; !error && at != end;
       at.increment(error)) {
    visit(at->path());
  }
}

/// Of a TCP connection between two ports of 127.0.0.1, the inode of the side at `from`.
std::optional<std::uint64_t> inode_of(std::uint16_t from, std::uint16_t to) {
  const std::string ports = fmt::format(" 0100007F:{:04X} 0100007F:{:04X} ", from, to);
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    if (line.find(ports) == std::string::npos) continue;
    std::istringstream words(line);
    std::string word;
    constexpr int fields_before = 9;
    for (int i = 0; i < fields_before; ++i) words >> word;
    std::uint64_t inode = 0;
    if (words >> inode) return inode;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Usage> usage_of(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  Usage usage;
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string name;
    double kilobytes = 0;
    words >> name >> kilobytes;
    if (name == "VmRSS:") usage.resident_mb = kilobytes / 1024;
    if (name == "VmHWM:") usage.most_resident_mb = kilobytes / 1024;
  }
  for_each_descriptor(pid, [&](const fs::path&) { ++usage.open_files; });
  // A process that has just ended has neither.
  if (usage.resident_mb == 0 || usage.open_files == 0) return std::nullopt;
  return usage;
}

std::vector<pid_t> processes_with(const std::string& variable) {
  std::vector<pid_t> found;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    std::ifstream file(at->path() / "environ", std::ios::binary);
    const std::string environment{std::istreambuf_iterator<char>(file), {}};
    if (environment.find(variable) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

void Processes::add(pid_t pid, int process) {
  const std::lock_guard lock(mutex_);
  processes_[pid] = process;
}

void Processes::remove(pid_t pid) {
  const std::lock_guard lock(mutex_);
  processes_.erase(pid);
}

int Processes::owner_of_connection(std::uint16_t from, std::uint16_t to) const {
  const std::optional<std::uint64_t> inode = inode_of(from, to);
  if (!inode) return nobody;
  const std::string socket = fmt::format("socket:[{}]", *inode);
  const std::lock_guard lock(mutex_);
  for (const auto& [pid, process] : processes_) {
    bool owns = false;
    for_each_descriptor(pid, [&](const fs::path& descriptor) {
      std::error_code error;
      owns = owns || fs::read_symlink(descriptor, error) == socket;
    });
    if (owns) return process;
  }
  return nobody;
}

}  // namespace edge::faults
