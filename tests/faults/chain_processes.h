// The processes of one run: who is started, how, and with which files. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/end_to_end/edge_process.h"
#include "tests/faults/process_table.h"
#include "tests/faults/scenario.h"
#include "tests/faults/setup.h"

namespace edge::faults {

/// One process, from its start on.
struct Child {
  int role = nobody;  ///< what others take it for
  std::string name;   ///< its files are NAME.err, NAME.out
  std::unique_ptr<test::EdgeProcess> process;
  bool may_end = false;      ///< before it is asked to
  bool is_stranger = false;  ///< no part of the chain
  double most_mb = 0;
};

class ChainProcesses {
 public:
  /// Both outlive this. `marker`: NAME=VALUE, in the environment of each.
  ChainProcesses(const Setup& setup, std::filesystem::path directory, Processes& table, std::string marker);
  ~ChainProcesses();

  std::filesystem::path write(const std::string& name, const std::string& text) const;
  const std::filesystem::path& directory() const { return directory_; }

  /// `edge ARGUMENTS` as `role`; `stranger`: its connections are none of that role's.
  Child& start(int role, const std::string& name, const std::vector<std::string>& arguments,
               const test::ProcessStreams& streams = {}, bool stranger = false);
  /// Clocks of the processes of `role` that start from now on are ahead by what set_clocks() says.
  void give_clocks(int role);
  void set_clocks(int role, double steady_s, double calendar_s) const;

  /// The one that plays `role` at present; null if none runs.
  Child* playing(int role);
  /// kill -9, and waits for its end.
  void kill(Child& child);
  /// Looks at the memory of all. Returns those that have ended though they may not.
  std::vector<Child*> watch();
  /// SIGTERM to all but the master, and SIGKILL to those that do not end in time. Returns what was wrong.
  std::vector<std::string> stop_all(std::chrono::milliseconds limit);
  std::list<Child>& all() { return children_; }

 private:
  std::filesystem::path clock_file(int role) const;

  const Setup& setup_;
  const std::filesystem::path directory_;
  Processes& table_;
  const std::string marker_;
  std::map<int, bool> with_clocks_;
  std::list<Child> children_;
};

}  // namespace edge::faults
