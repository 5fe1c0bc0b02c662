// What transfers over a link take: begins with the configured or probed bandwidth, and follows what messages
// really took. One thread at a time.
#pragma once

#include <deque>
#include <optional>

#include "net/transfer_meter.h"
#include "roles/master/robust_estimate.h"
#include "roles/scheduling/costs.h"

namespace edge {

class LinkEstimate {
 public:
  /// Bytes/s, where known.
  explicit LinkEstimate(std::optional<double> bandwidth) : at_first_(bandwidth) {}

  /// Bytes that went over the link. What is over in a moment says more about latency, or about how much a
  /// router takes at once, than about bandwidth: it only counts as long as nothing better is known.
  void add_transfer(const net::Transfer& transfer);
  /// Encoding in front of the link and decoding behind it took so long, for tensors of so many bytes in all.
  void add_codec(double seconds, double tensor_bytes);
  /// Of a link of which nothing was known to begin with.
  void set_bandwidth(std::optional<double> bytes_per_s) {
    if (!at_first_) at_first_ = bytes_per_s;
  }
  /// The device behind it is another one.
  void forget_codec() { codec_s_per_byte_ = {}; }

  /// Bytes/s.
  double bandwidth() const;
  /// What transfers take besides bytes / bandwidth(), by those that tell nothing of that; nothing: there were
  /// none.
  std::optional<scheduling::LinkOffset> offset() const;
  /// Seconds per byte of tensors; nothing: the link was not used.
  std::optional<double> codec_s_per_byte() const { return codec_s_per_byte_.value(); }

 private:
  bool tells_more(const net::Transfer& transfer) const;

  std::optional<double> at_first_;
  RobustEstimate measured_;
  std::deque<double> sizes_;              ///< bytes of the transfers in `measured_`
  std::deque<net::Transfer> short_ones_;  ///< the last that told nothing of the bandwidth
  int short_since_ = 0;                   ///< so many since the last one that told something
  RobustEstimate codec_s_per_byte_;
};

}  // namespace edge
