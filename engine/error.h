// The exception for bad input: configuration, weights, video, bytes from a socket. Bugs are assertions
// instead.
#pragma once

#include <stdexcept>
#include <string>

namespace edge {

/// what() is one line for the user: which file, key or peer, what was wrong, what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace edge
