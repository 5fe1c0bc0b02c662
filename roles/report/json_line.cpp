// A frame's result as one line of JSON.
#include "roles/report/json_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "roles/report/json_values.h"
#include "roles/report/object_json.h"

namespace edge {
namespace {

using Json = nlohmann::ordered_json;

/// To the microsecond: clocks know no better, and lines stay short.
double rounded(double seconds) {
  return std::round(seconds * 1e6) / 1e6;
}

/// ISO 8601, UTC, milliseconds.
std::string utc_text(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time - seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), milliseconds.count());
}

Json plan_json(const scheduling::Plan& plan) {
  Json ranges = Json::array();
  for (const scheduling::LayerRange& range : ranges_of(plan)) {
    ranges.push_back(range ? Json::array({range->first, range->second}) : Json::array());
  }
  return ranges;
}

Json values_json(std::span<const float> values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(shortest(value));
  return list;
}

void add_outputs(Json& line, const std::vector<OutputValues>& outputs) {
  if (outputs.size() == 1) {
    line["shape"] = shape_json(outputs.front().shape);
    line["values"] = values_json(outputs.front().values);
    return;
  }
  Json& list = line["outputs"] = Json::array();
  for (const OutputValues& output : outputs) {
    list.push_back(
        {{"name", output.name}, {"shape", shape_json(output.shape)}, {"values", values_json(output.values)}});
  }
}

void add_result(Json& line, ResultKind kind, const FrameResult& result) {
  line["checksum"] = checksum_text(result.checksum);
  if (result.objects) {
    line["objects"] = objects_json(*result.objects, result.labels != nullptr ? *result.labels : Labels());
  } else if (kind == ResultKind::top_k) {
    line["top_k"] = top_k_json(result.top_k, result.labels);
  }
  if (kind == ResultKind::full) add_outputs(line, result.outputs);
}

}  // namespace

std::string json_line(const RunFacts& run, const FrameRecord& frame, ResultKind kind,
                      const FrameResult& result) {
  const auto wall_clock = [&](double seconds) {
    return utc_text(run.started + std::chrono::round<std::chrono::system_clock::duration>(
                                      std::chrono::duration<double>(seconds)));
  };
  Json line;
  line["schema"] = output_schema;
  line["run"] = run.id;
  line["source"] = run.source;
  line["frame"] = frame.frame;
  line["dropped"] = frame.dropped;
  if (frame.unchanged) line["unchanged"] = true;
  line["video_s"] = frame.video_s ? Json(rounded(*frame.video_s)) : Json();
  line["captured"] = wall_clock(frame.captured_s);
  line["time"] = wall_clock(frame.finished_s);
  line["captured_at"] = rounded(frame.captured_s);
  line["finished_at"] = rounded(frame.finished_s);
  line["latency_s"] = rounded(frame.finished_s - frame.captured_s);
  line["plan"] = plan_json(frame.plan);
  line["bytes"] = Json::array();
  line["raw_float_bytes"] = Json::array();
  for (const LinkTraffic& link : frame.links) {
    line["bytes"].push_back(link.sent_bytes);
    line["raw_float_bytes"].push_back(link.raw_float_bytes);
  }
  add_result(line, kind, result);
  return line.dump();
}

}  // namespace edge
