// The decoders that can read a network's outputs, for those who are told which one to use. Immutable,
// thread-safe.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/graph.h"
#include "roles/detection/decoder.h"

namespace edge::detection {

class Decoders {
 public:
  explicit Decoders(const Graph& graph);

  /// Null: there is no decoder of that name, or it cannot read these outputs.
  const Decoder* find(std::string_view name) const;

 private:
  std::vector<std::unique_ptr<const Decoder>> decoders_;
};

}  // namespace edge::detection
