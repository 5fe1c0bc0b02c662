// What one hop of the chain did for a frame: rides along with it to the master. Plain data.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "net/link_frame.h"
#include "net/transfer_meter.h"

namespace edge::chain {

/// Seconds; points in time are those of the hop's own steady clock, 0 where there is none.
struct StageReport {
  int worker = 0;                   ///< -1: the master
  std::uint64_t receive_bytes = 0;  ///< the whole message on the link into this worker
  double receive_s = 0;             ///< from its header to its last byte
  double decode_s = 0;
  double wait_s = 0;  ///< decoded, waiting for the computation in front of it
  double compute_s = 0;
  double encode_s = 0;  ///< for the link behind this worker
  /// Transfers over the link behind this worker that were acknowledged since its last report: those of
  /// earlier frames.
  net::Transfer transfer = {};
  double received_at = 0;    ///< when the message's last byte was here
  double compute_at = 0;     ///< when the computation began
  double encode_at = 0;      ///< when the encoding began
  double computed_macs = 0;  ///< multiply-adds of what may have changed ...
  double all_macs = 0;       ///< ... and of all its layers
  double values_error = 0;   ///< of the tensors that it rounded: the largest, relative to their largest value
};

/// What a hop's computation tells of itself.
struct ComputeTimes {
  double compute_s = 0;
  double compute_at = 0;
  double computed_macs = 0;
  double all_macs = 0;
  double values_error = 0;
};

/// The report of a hop whose parts have measured this; the master receives and computes nothing.
StageReport stage_report(int worker, const net::ReceiveTimes& received, const ComputeTimes& computed,
                         const net::SendTimes& sent);

/// An array of numbers in the order of the members.
nlohmann::json to_json(const std::vector<StageReport>& reports);
/// Throws net::ConnectionLost for impossible numbers, too many reports, or others than one of each hop in the
/// order of the chain; json::exception for other JSON.
std::vector<StageReport> stage_reports_from(const nlohmann::json& value);

}  // namespace edge::chain
