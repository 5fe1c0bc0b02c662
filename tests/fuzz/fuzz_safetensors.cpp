// Any bytes as a safetensors file: refused with one line, or an index whose tensors lie within the file.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/safetensors.h"
#include "tests/fuzz/weight_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    edge::fuzz::check_index(edge::read_safetensors_index(bytes, "fuzz"), bytes);
  } catch (const edge::Error& error) {
    edge::fuzz::check_message(error);
  }
  return 0;
}
