#include "roles/detection/decoders.h"

#include <string>
#include <utility>

#include "engine/error.h"

namespace edge::detection {

Decoders::Decoders(const Graph& graph) {
  for (const std::string& name : decoder_names()) {
    try {
      if (auto decoder = make_decoder(name, graph)) decoders_.push_back(std::move(decoder));
    } catch (const Error&) {  // it reads other outputs
    }
  }
}

const Decoder* Decoders::find(std::string_view name) const {
  for (const auto& decoder : decoders_) {
    if (decoder->name() == name) return decoder.get();
  }
  return nullptr;
}

}  // namespace edge::detection
