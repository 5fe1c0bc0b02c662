// Any exception as a line for the user. Thread-safe.
#pragma once

#include <exception>
#include <new>
#include <string>

namespace edge {

/// what(), or "out of memory" for std::bad_alloc.
inline std::string line_of(const std::exception& error) {
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? "out of memory" : error.what();
}

}  // namespace edge
