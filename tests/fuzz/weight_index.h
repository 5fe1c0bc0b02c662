// What must hold for the index of any weight file, however it came about.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/error.h"
#include "engine/stored_tensor.h"

namespace edge::fuzz {

/// All elements lie within the file.
inline void check_index(const WeightIndex& index, std::string_view bytes) {
  for (const StoredTensor& tensor : index) {
    if (!tensor.format || tensor.shape.elements() == 0) continue;
    if (tensor.shape.elements() < 0) std::abort();
    unsigned __int128 last = 0;  // cannot overflow
    for (std::size_t i = 0; i < tensor.shape.rank(); ++i) {
      if (tensor.strides[i] < 0) std::abort();
      last +=
          static_cast<unsigned __int128>(tensor.shape[i] - 1) * static_cast<std::uint64_t>(tensor.strides[i]);
    }
    if (tensor.offset + (last + 1) * size_of(*tensor.format) > bytes.size()) std::abort();
    if (tensor.contiguous() && (last + 1) != static_cast<std::uint64_t>(tensor.shape.elements()))
      std::abort();
  }
}

/// One line of bounded length; control characters could reach a terminal.
inline void check_message(const Error& error) {
  const std::string_view message = error.what();
  if (message.empty() || message.size() > 1000) std::abort();
  for (const char c : message) {
    if (static_cast<unsigned char>(c) < 0x20) std::abort();
  }
}

}  // namespace edge::fuzz
