#include "roles/prediction/predictor_bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/bytes.h"
#include "engine/error.h"
#include "net/crc32c.h"

namespace edge::prediction {
namespace {

constexpr std::string_view magic = "EDGEPRED";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t header_bytes = 20;
constexpr std::size_t max_text = 256;
// Beyond what a fit gives; products of such numbers stay finite in float32.
constexpr float largest_coefficient = 1e6F;
constexpr double most_bytes = 1e12;

void append(std::string_view text, std::vector<std::byte>& to) {
  append_little_endian(static_cast<std::uint32_t>(text.size()), to);
  const auto bytes = std::as_bytes(std::span(text));
  to.insert(to.end(), bytes.begin(), bytes.end());
}

struct CutOff {
  [[noreturn]] void operator()(std::uint64_t, std::uint64_t, std::uint64_t) const {
    throw Error("it is cut off");
  }
};

class Reader : public ByteReader<CutOff> {
 public:
  using ByteReader::ByteReader;

  float coefficient() {
    const auto value = number<float>();
    if (!(std::abs(value) <= largest_coefficient)) throw Error("it has an impossible coefficient");
    return value;
  }
  double byte_count() {
    const auto value = number<double>();
    if (!(value >= 0 && value <= most_bytes)) throw Error("it has an impossible number of bytes");
    return value;
  }
  std::string name() {
    const auto length = number<std::uint32_t>();
    if (length > max_text) throw Error("it has an impossible text");
    return std::string(text(length));
  }
};

LayerPredictor read_layer(Reader& reader, const Graph& graph, LayerIndex index) {
  const auto rule = reader.number<std::uint8_t>();
  const auto count = reader.number<std::uint32_t>();
  if (rule > static_cast<std::uint8_t>(last_rule) ||
      coefficient_count(graph, index, static_cast<Rule>(rule)) != count) {
    throw Error(fmt::format("it does not fit to layer {} ({})", index, graph.layer(index).name));
  }
  LayerPredictor layer{.rule = static_cast<Rule>(rule)};
  layer.coefficients.reserve(count);  // bounded by the graph
  for (std::uint32_t i = 0; i < count; ++i) layer.coefficients.push_back(reader.coefficient());
  ByteModel& bytes = layer.bytes;
  for (double* value :
       {&bytes.base, &bytes.per_changed, &bytes.per_changed_at_most, &bytes.raw, &bytes.mean}) {
    *value = reader.byte_count();
  }
  return layer;
}

}  // namespace

std::vector<std::byte> pack_predictors(const Predictors& predictors) {
  std::vector<std::byte> payload;
  append(std::string_view(predictors.model_hash), payload);
  append(std::string_view(predictors.software_version), payload);
  append(std::string_view(predictors.frames_hash), payload);
  append_little_endian(predictors.frames, payload);
  append_little_endian(static_cast<std::uint8_t>(predictors.compress ? 1 : 0), payload);
  append_little_endian(static_cast<std::uint32_t>(predictors.layers.size()), payload);
  for (const LayerPredictor& layer : predictors.layers) {
    append_little_endian(static_cast<std::uint8_t>(layer.rule), payload);
    append_little_endian(static_cast<std::uint32_t>(layer.coefficients.size()), payload);
    for (const float value : layer.coefficients) append_little_endian(value, payload);
    const ByteModel& bytes = layer.bytes;
    for (const double value :
         {bytes.base, bytes.per_changed, bytes.per_changed_at_most, bytes.raw, bytes.mean}) {
      append_little_endian(value, payload);
    }
  }
  std::vector<std::byte> bytes;
  bytes.reserve(header_bytes + payload.size());
  for (const char c : magic) bytes.push_back(static_cast<std::byte>(c));
  append_little_endian(format_version, bytes);
  append_little_endian(static_cast<std::uint32_t>(payload.size()), bytes);
  append_little_endian(net::crc32c(payload), bytes);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

Predictors parse_predictors(std::span<const std::byte> bytes, const Graph& graph,
                            const std::string& model_hash) {
  Reader header(bytes);
  const auto begin = header.take(std::min(bytes.size(), magic.size()));
  if (begin.size() < magic.size() || std::memcmp(begin.data(), magic.data(), magic.size()) != 0) {
    throw Error("it is no file of predictors");
  }
  const auto version = header.number<std::uint32_t>();
  if (version != format_version)
    throw Error(fmt::format("it has format {}, not {}", version, format_version));
  const auto length = header.number<std::uint32_t>();
  const auto crc = header.number<std::uint32_t>();
  if (bytes.size() - header_bytes < length) throw Error("it is cut off");
  if (bytes.size() - header_bytes > length) throw Error("it is longer than it says");
  if (net::crc32c(bytes.subspan(header_bytes)) != crc) throw Error("it is damaged (CRC-32C differs)");

  Reader reader(bytes.subspan(header_bytes));
  Predictors predictors;
  predictors.model_hash = reader.name();
  if (predictors.model_hash != model_hash)
    throw Error("it belongs to another network, weights or frame size");
  predictors.software_version = reader.name();
  predictors.frames_hash = reader.name();
  predictors.frames = reader.number<std::uint32_t>();
  if (predictors.frames < 2) throw Error("it was made from less than two frames");
  const auto compress = reader.number<std::uint8_t>();
  if (compress > 1) throw Error("it has an impossible flag");
  predictors.compress = compress == 1;
  const auto layers = reader.number<std::uint32_t>();
  if (layers != static_cast<std::uint32_t>(graph.size())) {
    throw Error(fmt::format("it has {} layers, the network {}", layers, graph.size()));
  }
  for (LayerIndex index = 0; index < graph.size(); ++index) {
    predictors.layers.push_back(read_layer(reader, graph, index));
  }
  if (reader.left() > 0) throw Error("it has more than its layers");
  return predictors;
}

std::size_t max_predictor_bytes(const Graph& graph) {
  std::size_t bytes = header_bytes + 3 * (4 + max_text) + 9;
  for (LayerIndex index = 0; index < graph.size(); ++index) {
    std::size_t most = 0;
    for (std::uint8_t rule = 0; rule <= static_cast<std::uint8_t>(last_rule); ++rule) {
      most = std::max(most, coefficient_count(graph, index, static_cast<Rule>(rule)).value_or(0));
    }
    bytes += 5 + 4 * most + 5 * 8;
  }
  return bytes;
}

}  // namespace edge::prediction
