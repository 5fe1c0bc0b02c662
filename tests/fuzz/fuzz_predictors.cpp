// Any bytes as predictors: refused with one line, or every prediction is finite and they pack to the same
// bytes. The header is mended first, since a CRC would keep everything else from being tried.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "engine/error.h"
#include "engine/models/models.h"
#include "net/crc32c.h"
#include "roles/prediction/predictor_bytes.h"
#include "roles/prediction/trained_predictor.h"

namespace {

using namespace edge;
using namespace edge::prediction;

constexpr std::size_t header_bytes = 20;

void store(std::uint32_t value, std::byte* to) {
  for (std::size_t i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}

void try_bytes(const std::vector<std::byte>& bytes) {
  static const Graph graph = make_model("toy_dag", {.rows = 16, .columns = 16, .classes = 3});
  try {
    Predictors predictors = parse_predictors(bytes, graph, "");
    if (bytes.size() > max_predictor_bytes(graph) || pack_predictors(predictors) != bytes) std::abort();
    const TrainedPredictor predictor(graph, std::move(predictors));
    for (const double rate : {0.0, 0.3, 1.0}) {
      for (const double value : predictor.predict(std::array{rate, rate, rate}).delta) {
        if (!std::isfinite(value) || value < 0) std::abort();
      }
    }
  } catch (const Error& error) {
    const std::size_t length = std::strlen(error.what());
    if (length == 0 || length > 1000 || std::strchr(error.what(), '\n') != nullptr) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(first, first + size);
  try_bytes(bytes);
  if (size < header_bytes) return 0;
  std::memcpy(bytes.data(), "EDGEPRED\1\0\0\0", 12);
  store(static_cast<std::uint32_t>(size - header_bytes), &bytes[12]);
  store(net::crc32c(std::span<const std::byte>(bytes).subspan(header_bytes)), &bytes[16]);
  try_bytes(bytes);
  return 0;
}
