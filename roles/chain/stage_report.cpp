#include "roles/chain/stage_report.h"

#include <cmath>

namespace edge::chain {
namespace {

using nlohmann::json;

constexpr std::size_t max_reports = 1024;

StageReport stage_report_from(const json& value) {
  const auto number = [&](std::size_t i) {
    const double found = value.at(i).get<double>();
    if (!std::isfinite(found) || found < 0)
      throw net::ConnectionLost("it sent a stage report with an impossible number");
    return found;
  };
  return {.worker = value.at(0).get<int>(),
          .receive_bytes = value.at(1).get<std::uint64_t>(),
          .receive_s = number(2),
          .decode_s = number(3),
          .wait_s = number(4),
          .compute_s = number(5),
          .encode_s = number(6),
          .transfer = {.bytes = value.at(7).get<std::uint64_t>(), .seconds = number(8)},
          .received_at = number(9),
          .compute_at = number(10),
          .encode_at = number(11),
          .computed_macs = number(12),
          .all_macs = number(13),
          .values_error = number(14)};
}

}  // namespace

StageReport stage_report(int worker, const net::ReceiveTimes& received, const ComputeTimes& computed,
                         const net::SendTimes& sent) {
  return {.worker = worker,
          .receive_bytes = received.bytes,
          .receive_s = received.receive_s,
          .decode_s = received.decode_s,
          .wait_s = received.wait_s,
          .compute_s = computed.compute_s,
          .encode_s = sent.encode_s,
          .transfer = sent.transfer,
          .received_at = received.received_at,
          .compute_at = computed.compute_at,
          .encode_at = sent.encode_at,
          .computed_macs = computed.computed_macs,
          .all_macs = computed.all_macs,
          .values_error = computed.values_error};
}

json to_json(const std::vector<StageReport>& reports) {
  json array = json::array();
  for (const StageReport& report : reports) {
    array.push_back(
        json::array({report.worker, report.receive_bytes, report.receive_s, report.decode_s, report.wait_s,
                     report.compute_s, report.encode_s, report.transfer.bytes, report.transfer.seconds,
                     report.received_at, report.compute_at, report.encode_at, report.computed_macs,
                     report.all_macs, report.values_error}));
  }
  return array;
}

std::vector<StageReport> stage_reports_from(const json& value) {
  if (!value.is_array() || value.size() > max_reports) {
    throw net::ConnectionLost("it sent malformed stage reports");
  }
  std::vector<StageReport> reports;
  for (const json& report : value) reports.push_back(stage_report_from(report));
  return reports;
}

}  // namespace edge::chain
