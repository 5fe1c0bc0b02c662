// The file is made part of the program by the assembler: neither a compiler nor its memory has to read so
// many bytes as numbers. CMakeLists.txt says where it is.
#include "engine/models/own_weights.h"

#include <cstddef>

// NOLINTNEXTLINE(hicpp-no-assembler): there is no #embed in C++20
asm(".pushsection .rodata\n"
    ".balign 16\n"
    ".global edge_street_weights\n"
    ".hidden edge_street_weights\n"
    "edge_street_weights:\n"
    ".incbin \"" EDGE_STREET_WEIGHTS
    "\"\n"
    ".global edge_street_weights_end\n"
    ".hidden edge_street_weights_end\n"
    "edge_street_weights_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
[[gnu::visibility("hidden")]] extern const char edge_street_weights[];
[[gnu::visibility("hidden")]] extern const char edge_street_weights_end[];
}

namespace edge {

std::string_view own_weights(const std::string& network) {
  if (network != "street") return {};
  return {edge_street_weights, static_cast<std::size_t>(edge_street_weights_end - edge_street_weights)};
}

}  // namespace edge
