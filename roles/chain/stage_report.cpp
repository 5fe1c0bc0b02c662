#include "roles/chain/stage_report.h"

#include <cstddef>

#include "net/whole_number.h"

namespace edge::chain {
namespace {

using nlohmann::json;

/// The master's, and one of each of the workers that a config may have.
constexpr std::size_t max_reports = 65;
constexpr int last_worker = 63;
/// Whatever is beyond these is no measurement, and would spoil all that is calculated with it.
constexpr double longest_s = 1e6;
constexpr double latest_s = 1e10;
constexpr double most_macs = 1e18;
constexpr double largest_error = 1e6;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 50U;

StageReport stage_report_from(const json& value) {
  const auto number = [&](std::size_t i, double most) {
    const double found = value.at(i).get<double>();
    // Comparisons with NaN are false.
    if (!(found >= 0 && found <= most))
      throw net::ConnectionLost("it sent a stage report with an impossible number");
    return found;
  };
  const auto bytes = [&](std::size_t i) {
    const auto found = net::whole_number<std::uint64_t>(value.at(i));
    if (found > most_bytes) throw net::ConnectionLost("it sent a stage report with an impossible number");
    return found;
  };
  return {.worker = net::whole_number<int>(value.at(0)),
          .receive_bytes = bytes(1),
          .receive_s = number(2, longest_s),
          .decode_s = number(3, longest_s),
          .wait_s = number(4, longest_s),
          .compute_s = number(5, longest_s),
          .encode_s = number(6, longest_s),
          .transfer = {.bytes = bytes(7), .seconds = number(8, longest_s)},
          .received_at = number(9, latest_s),
          .compute_at = number(10, latest_s),
          .encode_at = number(11, latest_s),
          .computed_macs = number(12, most_macs),
          .all_macs = number(13, most_macs),
          .values_error = number(14, largest_error)};
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
  int before = -2;
  for (const json& entry : value) {
    const StageReport report = stage_report_from(entry);
    // Frames go from the master down the chain, and each hop reports once.
    if (report.worker <= before || report.worker > last_worker)
      throw net::ConnectionLost("it sent stage reports that are not in the chain's order");
    before = report.worker;
    reports.push_back(report);
  }
  return reports;
}

}  // namespace edge::chain
