#include "roles/detection/default_labels.h"

#include "roles/detection/decoders/decoder_type.h"
#include "roles/video/scenes/scene.h"

namespace edge::detection {

Labels default_labels(std::string_view decoder, int classes) {
  const Labels coco = Labels::coco(), coco_numbered = Labels::coco_numbered();
  const auto count = static_cast<std::size_t>(classes);
  if (decoder == street_decoder.name && count == scene_classes.size()) {
    return Labels(std::vector<std::string>(scene_classes.begin(), scene_classes.end()));
  }
  if (decoder == blazeface_decoder.name) return Labels(std::vector<std::string>{"face"});
  if (decoder == ssd_decoder.name) return count == coco_numbered.size() ? coco_numbered : Labels();
  return count == coco.size() ? coco : Labels();
}

}  // namespace edge::detection
