#include "roles/trace/merge.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/error.h"
#include "engine/output_file.h"
#include "roles/standard_output.h"
#include "roles/trace/trace_writer.h"

namespace edge::trace {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t longest_line = 64 * 1024;

struct Trace {
  std::vector<ordered_json> events;
  std::optional<double> clock_offset;
  bool is_master = false;
};

bool is_number(const ordered_json& event, const char* key) {
  return event.contains(key) && event[key].is_number() && std::isfinite(event[key].get<double>());
}

/// Nothing for lines that are no events: brackets, the last line of a file that was cut off.
std::optional<ordered_json> parse_line(std::string line, const std::string& where, bool is_last) {
  while (!line.empty() && (line.back() == ',' || line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.empty() || line == "[" || line == "]") return std::nullopt;
  ordered_json event = ordered_json::parse(line, nullptr, false);
  if (event.is_discarded() && is_last) return std::nullopt;
  const bool valid = event.is_object() && event.contains("ph") && event["ph"].is_string() &&
                     event.contains("name") && is_number(event, "pid") &&
                     (event["ph"] == "M" || is_number(event, "ts"));
  if (!valid) throw Error(fmt::format("{}: not an event of a trace as --trace writes it", where));
  return event;
}

Trace read_trace(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw Error(fmt::format("{}: cannot be read: {}", file, std::strerror(errno)));
  Trace trace;
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    const std::string where = fmt::format("{}:{}", file, number);
    if (line.size() > longest_line) throw Error(where + ": not an event of a trace: the line is too long");
    std::optional<ordered_json> event = parse_line(line, where, stream.eof() || stream.peek() == EOF);
    if (!event) continue;
    trace.is_master = trace.is_master || (*event)["pid"] == master_process;
    const ordered_json& name = (*event)["name"];
    if ((*event)["ph"] == "M" && name == "end") continue;
    if ((*event)["ph"] == "M" && name == "clock_offset") {
      if (!event->contains("args") || !is_number((*event)["args"], "seconds"))
        throw Error(where + ": a clock offset that is not a number");
      trace.clock_offset = (*event)["args"]["seconds"].get<double>();  // the last one knows best
      continue;
    }
    trace.events.push_back(*std::move(event));
  }
  if (trace.events.empty()) throw Error(fmt::format("{}: holds no events; write it with --trace", file));
  return trace;
}

}  // namespace

void merge_traces(const std::vector<std::string>& files, const std::string& output) {
  std::optional<OutputFile> output_file;
  if (output != "-") output_file.emplace(output);
  std::vector<Trace> traces;
  traces.reserve(files.size());
  for (const std::string& file : files) traces.push_back(read_trace(file));
  std::string merged = "[\n";
  bool first = true;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    Trace& trace = traces[i];
    if (!trace.clock_offset && !trace.is_master) {
      spdlog::warn("{}: its clock was never compared with a master's: its times may be shifted", files[i]);
    }
    const double shift = trace.clock_offset.value_or(0) * 1e6;
    for (ordered_json& event : trace.events) {
      if (event.contains("ts")) event["ts"] = std::round((event["ts"].get<double>() - shift) * 10) / 10;
      merged += (first ? "" : ",\n") + event.dump();
      first = false;
    }
  }
  merged += "\n]\n";
  if (output_file) {
    output_file->write(merged);
  } else {
    write_standard_output(merged);
  }
}

}  // namespace edge::trace
