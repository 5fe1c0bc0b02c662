// Y4M streams: any bytes give frames or an Error, however pictures are fitted into these.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/error.h"
#include "roles/video/y4m_source.h"
#include "tests/roles/video_memory_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const edge::Fit fit : {edge::Fit::stretch, edge::Fit::letterbox, edge::Fit::crop}) {
    try {
      edge::BufferedReader reader(std::make_shared<edge::MemoryStream>(bytes, 61));
      const auto source = edge::make_y4m_source(std::move(reader), "fuzz", 6, 7, false, {.fit = fit});
      while (source->next()) {
      }
    } catch (const edge::Error&) {
    }
  }
  return 0;
}
