// What the command line asks for cannot be: the user's error, but not one of a file or a device.
#pragma once

#include <utility>

#include "engine/error.h"

namespace edge {

/// One line that names the option. The program ends with status 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// What `read` returns. Its Error, which names the option, becomes a UsageError: for parsers that serve the
/// config, too.
template <class Read>
auto of_option(Read&& read) {
  try {
    return std::forward<Read>(read)();
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

}  // namespace edge
