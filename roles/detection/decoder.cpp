// No decoders yet: whoever adds them replaces this file.
#include "roles/detection/decoder.h"

namespace edge::detection {

std::unique_ptr<const Decoder> make_decoder(const std::string& /*name*/, const Graph& /*graph*/) {
  return nullptr;
}

}  // namespace edge::detection
