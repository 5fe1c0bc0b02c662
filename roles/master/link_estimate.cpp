#include "roles/master/link_estimate.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace edge {
namespace {

constexpr double unknown_bytes_per_s = 3e6;  // Wi-Fi of a Raspberry Pi
/// A transfer tells the bandwidth if it is no mere message and takes long, or is large.
constexpr std::uint64_t short_message = 8000;
constexpr double long_transfer_s = 0.02;
constexpr std::uint64_t large_message = 256'000;
constexpr double much_faster = 1.3;
/// What a report may make of a link: beyond is no measurement.
constexpr double least_bytes_per_s = 1;
constexpr double most_bytes_per_s = 1e12;
constexpr int short_ones_until_believed = 60;
constexpr std::size_t most_transfers = 9;
constexpr std::size_t short_ones_that_tell = 3;

double middle_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

/// Larger transfers tell more of the bandwidth: small ones may be faster because their first bytes pass at
/// once. Those that are much faster only count if there was no large one for long.
bool LinkEstimate::tells_more(const net::Transfer& transfer) const {
  if (sizes_.empty() || short_since_ >= short_ones_until_believed) return true;
  const auto bytes = static_cast<double>(transfer.bytes);
  return bytes >= middle_of({sizes_.begin(), sizes_.end()}) / 2 ||
         bytes / transfer.seconds < much_faster * *measured_.value();
}

void LinkEstimate::add_transfer(const net::Transfer& transfer) {
  if (transfer.bytes == 0 || !(transfer.seconds > 0)) return;
  const double bytes_per_s =
      std::clamp(static_cast<double>(transfer.bytes) / transfer.seconds, least_bytes_per_s, most_bytes_per_s);
  const bool large = transfer.bytes >= large_message ||
                     (transfer.bytes >= short_message && transfer.seconds >= long_transfer_s);
  if (large && tells_more(transfer)) {
    short_since_ = 0;
    const std::size_t samples = measured_.samples();
    measured_.add(bytes_per_s);
    sizes_.push_back(static_cast<double>(transfer.bytes));
    if (sizes_.size() > most_transfers) sizes_.pop_front();
    // The link has changed: so has what short ones take.
    if (measured_.samples() < samples) {
      short_ones_.clear();
      while (sizes_.size() > measured_.samples()) sizes_.pop_front();
    }
    return;
  }
  ++short_since_;
  short_ones_.push_back(transfer);
  if (short_ones_.size() > most_transfers) short_ones_.pop_front();
  if (!at_first_) at_first_ = bytes_per_s;
}

void LinkEstimate::add_codec(double seconds, double tensor_bytes) {
  if (!(seconds > 0) || !(tensor_bytes > 0)) return;
  codec_s_per_byte_.add(seconds / tensor_bytes);
}

double LinkEstimate::bandwidth() const {
  return measured_.value().value_or(at_first_.value_or(unknown_bytes_per_s));
}

std::optional<scheduling::LinkOffset> LinkEstimate::offset() const {
  if (short_ones_.size() < short_ones_that_tell) return std::nullopt;
  std::vector<double> seconds;
  std::vector<double> bytes;
  for (const net::Transfer& transfer : short_ones_) {
    bytes.push_back(static_cast<double>(transfer.bytes));
    seconds.push_back(transfer.seconds - bytes.back() / bandwidth());
  }
  scheduling::LinkOffset offset{.seconds = middle_of(std::move(seconds)),
                                .from_bytes = middle_of(std::move(bytes))};
  if (!sizes_.empty()) offset.until_bytes = middle_of({sizes_.begin(), sizes_.end()});
  offset.until_bytes = std::max(offset.until_bytes, 2 * offset.from_bytes);
  return offset;
}

}  // namespace edge
