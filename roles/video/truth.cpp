#include "roles/video/truth.h"

#include "engine/error.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

constexpr const char* known_by = "synthetic:street and synthetic:static do";

SceneOptions scene_of(const std::string& source, const Extent2d& size) {
  if (!source.starts_with("synthetic:")) {
    throw Error(source_name(source) + ": does not know what is to be found in it; " + known_by);
  }
  SceneOptions options = parse_scene(source);
  options.rows = size.rows;
  options.columns = size.columns;
  return options;
}

}  // namespace

Truth::Truth(const std::string& source, const Extent2d& size)
    : options_(scene_of(source, size)), scene_(make_scene(options_)) {
  if (!scene_->knows_objects()) throw Error(source_name(source) + ": has no objects; " + known_by);
}

std::vector<SceneObject> Truth::objects(std::uint64_t index) const {
  const std::uint64_t frame = frames() == 0 ? index : index % frames();
  return scene_->objects(static_cast<std::int64_t>(frame));
}

}  // namespace edge
