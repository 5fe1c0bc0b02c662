// Any bytes as a .npy file: refused with one line, or a shape whose values lie within the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/npy.h"
#include "tests/fuzz/weight_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const edge::NpyHeader header = edge::parse_npy_header(bytes, "fuzz");
    if (header.offset > size) std::abort();
    if (static_cast<std::uint64_t>(header.shape.elements()) * sizeof(float) != size - header.offset)
      std::abort();
  } catch (const edge::Error& error) {
    edge::fuzz::check_message(error);
  }
  return 0;
}
