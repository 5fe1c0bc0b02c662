// Any text as config.toml: accepted, or refused with one printable line of bounded length.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "roles/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const edge::Config config = edge::parse_config(text, "config.toml");
    if (config.workers.empty() || config.model.rows < 1 || config.model.columns < 1) {
      std::abort();
    }
    for (const edge::WorkerConfig& worker : config.workers) {
      if (edge::Address::parse(worker.address.to_string(), "address") != worker.address) {
        std::abort();
      }
    }
  } catch (const edge::Error& error) {
    const std::string_view message = error.what();
    if (message.empty() || message.size() > 1000 || message.find('\n') != message.npos) {
      std::abort();
    }
  }
  return 0;
}
