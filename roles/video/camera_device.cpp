#include "roles/video/camera_device.h"

#include <sys/stat.h>

namespace edge {

bool is_camera_device(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return S_ISCHR(status.st_mode);
  return path.starts_with("/dev/") && !path.starts_with("/dev/shm/") && !path.starts_with("/dev/fd/");
}

}  // namespace edge
