// What was found, drawn into the source's pictures: one file per frame (docs/detection.md). One thread. Throw
// Error, one line with the file's name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/array.h"
#include "engine/labels.h"
#include "roles/detection/detection.h"
#include "roles/drawing/canvas.h"
#include "roles/video/frame_source.h"
#include "roles/video/framing.h"

namespace edge::drawing {

/// Before any work: whether pictures can be written to the directory at all.
void check_pictures(const std::string& directory);

class ObjectPictures {
 public:
  /// Makes the directory, if need be. `input`: where the frames come from, of which `framing` was made;
  /// `loop`: it starts again at its end. `labels` must outlive this object.
  ObjectPictures(std::string directory, std::string input, const Framing& framing, const Labels& labels,
                 bool loop = false);

  /// DIRECTORY/000012.jpg. `frame`: the picture's number in the source, which grows from call to call. In the
  /// size of the source's picture if the source is a file, which is read a second time; else as the network
  /// sees it. `objects`: in pixels of that picture.
  void write(std::uint64_t frame, const Array& pixels, const Placement& placement,
             std::span<const detection::Detection> objects);

 private:
  std::optional<Array> picture(std::uint64_t frame);
  Canvas canvas_of(std::uint64_t frame, const Array& pixels, const Placement& placement);

  std::string directory_, input_;
  Framing framing_;
  const Labels* labels_;
  bool loop_;
  bool opened_ = false;
  std::uint64_t next_ = 0;                 ///< number of the picture that pictures_ gives next
  std::unique_ptr<FrameSource> pictures_;  ///< of the source in its own size; null: frames do
};

}  // namespace edge::drawing
