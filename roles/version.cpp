#include "roles/version.h"

#include "edge_version.h"  // written by cmake/write_version.cmake; included only here, as it changes with every commit

namespace edge {

std::string_view software_version() {
  return edge_version;
}

}  // namespace edge
