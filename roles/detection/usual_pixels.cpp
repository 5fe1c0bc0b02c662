#include "roles/detection/usual_pixels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "roles/detection/decoders/decoder_type.h"

namespace edge::detection {
namespace {

/// What a channel's black and white become.
struct Ends {
  double black = 0, white = 1;
};

std::array<Ends, 3> ends_of(const Preprocessing& preprocessing) {
  std::array<Ends, 3> ends{};
  const auto layer = normalization_layer(preprocessing);
  for (std::size_t i = 0; layer && i < ends.size(); ++i) {
    const double shift = static_cast<double>(layer->shift[i]);
    ends[i] = {.black = shift, .white = shift + static_cast<double>(layer->scale[i])};
  }
  return ends;
}

/// Means and deviations are published in several roundings.
bool same_values(const Preprocessing& a, const Preprocessing& b) {
  constexpr double tolerance = 0.05;
  const std::array<Ends, 3> ends_a = ends_of(a), ends_b = ends_of(b);
  for (std::size_t i = 0; i < ends_a.size(); ++i) {
    const double range = std::abs(ends_b[i].white - ends_b[i].black);
    if (!(std::abs(ends_a[i].black - ends_b[i].black) <= tolerance * range) ||
        !(std::abs(ends_a[i].white - ends_b[i].white) <= tolerance * range)) {
      return false;
    }
  }
  return true;
}

std::string numbers_of(const ChannelValues& values) {
  if (values.imagenet) return "\"imagenet\"";
  const auto& [first, second, third] = values.numbers;
  return first == second && second == third ? fmt::format("{}", first)
                                            : fmt::format("[{}, {}, {}]", first, second, third);
}

/// The keys to set, so that `given` becomes `usual`.
std::vector<std::string> differing_keys(const Preprocessing& given, const Preprocessing& usual, Fit fit) {
  std::vector<std::string> keys;
  if (given.channels != usual.channels) {
    keys.push_back(
        fmt::format("channels = \"{}\"", channel_orders()[static_cast<std::size_t>(usual.channels)]));
  }
  if (!same_values(given, usual)) {
    if (given.pixel_range != usual.pixel_range)
      keys.push_back(fmt::format("pixel_range = {}", usual.pixel_range));
    if (given.mean != usual.mean) keys.push_back("mean = " + numbers_of(usual.mean));
    if (given.deviation != usual.deviation) keys.push_back("std = " + numbers_of(usual.deviation));
  }
  if (fit == Fit::letterbox && given.pad != usual.pad) keys.push_back(fmt::format("pad = {}", usual.pad[0]));
  return keys;
}

bool begins_with_arithmetic(const Graph& graph, bool own_layer) {
  constexpr std::array<std::string_view, 3> arithmetic{"binary", "channel_scale", "batch_norm2d"};
  for (LayerIndex layer = own_layer ? 2 : 1; layer < graph.size(); ++layer) {
    const Operation& operation = graph.layer(layer).operation;
    if (operation.is<Conv2dLayer>()) return false;
    if (std::find(arithmetic.begin(), arithmetic.end(), operation_name(operation)) != arithmetic.end())
      return true;
  }
  return false;
}

}  // namespace

std::string unusual_pixels(const Decoder& decoder, const Graph& graph, const Preprocessing& preprocessing,
                           Fit fit) {
  const DecoderType* const type = decoder_type(decoder.name());
  if (type == nullptr || begins_with_arithmetic(graph, normalization_layer(preprocessing).has_value()))
    return "";
  std::vector<std::string> fewest;
  for (const Preprocessing& usual : type->pixels()) {
    std::vector<std::string> keys = differing_keys(preprocessing, usual, fit);
    if (keys.empty()) return "";
    if (fewest.empty() || keys.size() < fewest.size()) fewest = std::move(keys);
  }
  if (fewest.empty()) return "";
  return fmt::format(
      "decoder {} usually wants other pixels and finds less, or nothing, with these: set {} in [model]",
      decoder.name(), fmt::join(fewest, ", "));
}

}  // namespace edge::detection
