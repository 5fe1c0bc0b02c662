// What a process did and when, as a file that chrome://tracing and ui.perfetto.dev open: Chrome's trace-event
// format, a JSON array with one event per line, which may end anywhere (a killed process leaves a readable
// file). Times are those of this device's steady clock; how far that is from the master's is in the file,
// too, and `edge trace merge` (merge.h) lines the files of all devices up. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "roles/line_output.h"

namespace edge::trace {

using TimePoint = std::chrono::steady_clock::time_point;

/// Whether arrows lead from event to event of one frame: where they begin, pass through or end.
enum class Flow : std::uint8_t { none, begins, passes, ends };

struct Event {
  std::string track;  ///< a thread, or something alike: "compute", "link to worker 1"
  std::string name;
  TimePoint begin;
  TimePoint end;
  std::optional<std::uint64_t> frame = {};
  Flow flow = Flow::none;
};

class TraceWriter {
 public:
  /// `process` is shown ("worker 1"), `process_number` tells processes apart and orders them. What is in the
  /// file is lost. Throws Error if it cannot be written; later, that is only logged.
  TraceWriter(const std::string& file, std::string process, int process_number);
  /// Ends the file.
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  void add(const Event& event);
  /// The value of something that is drawn as a curve, from `time` on.
  void add_counter(const std::string& name, TimePoint time, double value);
  /// This device's steady clock minus the master's, in seconds.
  void set_clock_offset(double seconds);

 private:
  int track_number(const std::string& track);
  void write_event(const std::string& event);
  void write_line(const std::string& line);

  std::mutex mutex_;
  const int process_;
  LineOutput lines_;
  std::map<std::string, int> tracks_;
  std::optional<double> clock_offset_;
  bool failed_ = false;  ///< that is told once; nothing more is written
};

/// The numbers of the roles' processes.
inline constexpr int master_process = 1;
inline constexpr int trainer_process = 2;
inline constexpr int first_worker_process = 10;

}  // namespace edge::trace
