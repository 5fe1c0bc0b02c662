#include "tests/faults/chain_processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <utility>

namespace edge::faults {

using test::EdgeProcess;

ChainProcesses::ChainProcesses(const Setup& setup, std::filesystem::path directory, Processes& table,
                               std::string marker)
    : setup_(setup), directory_(std::move(directory)), table_(table), marker_(std::move(marker)) {}

ChainProcesses::~ChainProcesses() {
  for (Child& child : children_) {
    child.process->kill(SIGKILL);
    child.process->wait();
  }
}

std::filesystem::path ChainProcesses::write(const std::string& name, const std::string& text) const {
  std::ofstream(directory_ / name, std::ios::binary) << text;
  return directory_ / name;
}

std::filesystem::path ChainProcesses::clock_file(int role) const {
  return directory_ / fmt::format("clock {}", name_of_process(role));
}

void ChainProcesses::give_clocks(int role) {
  with_clocks_[role] = true;
  set_clocks(role, 0, 0);
}

void ChainProcesses::set_clocks(int role, double steady_s, double calendar_s) const {
  const std::array<std::int64_t, 2> nanoseconds{std::llround(steady_s * 1e9), std::llround(calendar_s * 1e9)};
  // In place: processes have the file mapped.
  std::fstream file(clock_file(role), std::ios::binary | std::ios::in | std::ios::out);
  if (!file) file.open(clock_file(role), std::ios::binary | std::ios::out);
  file.write(reinterpret_cast<const char*>(nanoseconds.data()), sizeof nanoseconds);
}

Child& ChainProcesses::start(int role, const std::string& name, const std::vector<std::string>& arguments,
                             const test::ProcessStreams& streams, bool stranger) {
  std::vector<std::string> command{setup_.program};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const std::size_t equals = marker_.find('=');
  std::map<std::string, std::string> environment{{marker_.substr(0, equals), marker_.substr(equals + 1)}};
  if (with_clocks_[role] && !stranger) {
    environment["LD_PRELOAD"] = setup_.clock_library;
    environment["EDGE_CLOCK_JUMP"] = clock_file(role).string();
  }
  Child& child = children_.emplace_back();
  child.role = role;
  child.name = name;
  child.is_stranger = stranger;
  child.may_end = stranger || role == master;
  child.process = std::make_unique<EdgeProcess>(command, directory_ / (name + ".out"),
                                                directory_ / (name + ".err"), environment, streams);
  if (!stranger) table_.add(child.process->pid(), role);
  return child;
}

Child* ChainProcesses::playing(int role) {
  for (Child& child : children_) {
    if (child.role == role && !child.is_stranger && child.process->running()) return &child;
  }
  return nullptr;
}

void ChainProcesses::kill(Child& child) {
  child.may_end = true;
  child.process->kill(SIGKILL);
  child.process->wait();
  table_.remove(child.process->pid());
}

std::vector<Child*> ChainProcesses::watch() {
  std::vector<Child*> ended;
  for (Child& child : children_) {
    if (!child.process->running()) {
      if (!std::exchange(child.may_end, true)) ended.push_back(&child);
      continue;
    }
    if (const auto usage = usage_of(child.process->pid())) {
      child.most_mb = std::max(child.most_mb, usage->most_resident_mb);
    }
  }
  return ended;
}

std::vector<std::string> ChainProcesses::stop_all(std::chrono::milliseconds limit) {
  std::vector<std::string> wrong;
  std::vector<Child*> asked;
  for (Child& child : children_) {
    if (!child.process->running()) continue;
    asked.push_back(&child);
    child.process->kill(SIGCONT);
    child.process->kill(SIGTERM);
  }
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (Child* const child : asked) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const int status = child->process->wait(std::max(left, std::chrono::milliseconds(0)));
    if (status < 0) {
      wrong.push_back(fmt::format("{} did not stop within {} ms", child->name, limit.count()));
      kill(*child);
    } else if (status != 0 && !child->is_stranger && child->role != master) {
      wrong.push_back(fmt::format("{} stopped with status {}", child->name, status));
    }
  }
  return wrong;
}

}  // namespace edge::faults
