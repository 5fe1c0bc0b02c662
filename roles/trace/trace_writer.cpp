#include "roles/trace/trace_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace edge::trace {
namespace {

using nlohmann::ordered_json;

double microseconds(TimePoint time) {
  return std::round(std::chrono::duration<double, std::micro>(time.time_since_epoch()).count() * 10) / 10;
}

const char* phase_of(Flow flow) {
  return flow == Flow::begins ? "s" : flow == Flow::passes ? "t" : "f";
}

}  // namespace

TraceWriter::TraceWriter(const std::string& file, std::string process, int process_number)
    : process_(process_number), lines_(file, Existing::overwrite) {
  lines_.write("[");
  write_event(ordered_json{
      {"ph", "M"}, {"pid", process_}, {"name", "process_name"}, {"args", {{"name", std::move(process)}}}}
                  .dump());
  write_event(ordered_json{
      {"ph", "M"}, {"pid", process_}, {"name", "process_sort_index"}, {"args", {{"sort_index", process_}}}}
                  .dump());
}

TraceWriter::~TraceWriter() {
  const std::lock_guard lock(mutex_);
  // Without a comma behind it: an event that says nothing.
  write_line(
      ordered_json{{"ph", "M"}, {"pid", process_}, {"name", "end"}, {"args", ordered_json::object()}}.dump());
  write_line("]");
}

void TraceWriter::write_line(const std::string& line) {
  if (failed_) return;
  try {
    lines_.write(line);
  } catch (const std::exception& error) {
    failed_ = true;
    spdlog::warn("the trace ends: {}", error.what());
  }
}

void TraceWriter::write_event(const std::string& event) {
  write_line(event + ',');
}

int TraceWriter::track_number(const std::string& track) {
  const auto [entry, is_new] = tracks_.try_emplace(track, static_cast<int>(tracks_.size()) + 1);
  if (is_new) {
    write_event(ordered_json{{"ph", "M"},
                             {"pid", process_},
                             {"tid", entry->second},
                             {"name", "thread_name"},
                             {"args", {{"name", track}}}}
                    .dump());
  }
  return entry->second;
}

void TraceWriter::add(const Event& event) {
  const std::lock_guard lock(mutex_);
  const int track = track_number(event.track);
  const double begin = microseconds(event.begin);
  const double duration = std::max(0.1, microseconds(event.end) - begin);
  ordered_json line{{"ph", "X"},          {"pid", process_}, {"tid", track},
                    {"name", event.name}, {"ts", begin},     {"dur", duration}};
  if (event.frame) line["args"] = {{"frame", *event.frame}};
  write_event(line.dump());
  if (event.flow == Flow::none || !event.frame) return;
  ordered_json arrow{{"ph", phase_of(event.flow)},
                     {"pid", process_},
                     {"tid", track},
                     {"name", "frame"},
                     {"cat", "frame"},
                     {"id", *event.frame},
                     {"ts", begin + duration / 2}};
  if (event.flow == Flow::ends) arrow["bp"] = "e";  // bound to the event around it, not to the next one
  write_event(arrow.dump());
}

void TraceWriter::add_counter(const std::string& name, TimePoint time, double value) {
  const std::lock_guard lock(mutex_);
  write_event(ordered_json{{"ph", "C"},
                           {"pid", process_},
                           {"name", name},
                           {"ts", microseconds(time)},
                           {"args", {{"value", std::round(value * 100) / 100}}}}
                  .dump());
}

void TraceWriter::set_clock_offset(double seconds) {
  constexpr double noise = 50e-6;
  const std::lock_guard lock(mutex_);
  if (clock_offset_ && std::abs(*clock_offset_ - seconds) < noise) return;
  clock_offset_ = seconds;
  write_event(
      ordered_json{{"ph", "M"}, {"pid", process_}, {"name", "clock_offset"}, {"args", {{"seconds", seconds}}}}
          .dump());
}

}  // namespace edge::trace
