#include "roles/infer/options.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge::infer {
namespace {

std::optional<LayerIndex> parse_layer(std::string_view text) {
  LayerIndex layer = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), layer);
  if (error != std::errc() || end != text.data() + text.size() || layer < 1) return std::nullopt;
  return layer;
}

}  // namespace

LayerRange parse_layers(const std::string& text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_layer(std::string_view(text).substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_layer(std::string_view(text).substr(dash + 1));
  if (!first || !last) {
    throw Error(fmt::format("--layers: expected A-B or A, counted from 1, for example 1-6, found {}",
                            in_quotes(text)));
  }
  if (*first > *last) {
    throw Error(
        fmt::format("--layers: {}-{} ends before it begins; write {}-{}", *first, *last, *last, *first));
  }
  return {*first, *last};
}

}  // namespace edge::infer
