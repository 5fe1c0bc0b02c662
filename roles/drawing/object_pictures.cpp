#include "roles/drawing/object_pictures.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/output_file.h"
#include "roles/drawing/jpeg.h"
#include "roles/drawing/object_drawing.h"

namespace edge::drawing {
namespace {

/// Where the picture lies on a canvas that is a frame.
void move_to_frame(std::vector<detection::Detection>& objects, const Placement& placement) {
  const auto along = [](float& at, std::int64_t first, std::int64_t scaled, std::int64_t picture) {
    at = static_cast<float>(first) + at * static_cast<float>(scaled) / static_cast<float>(picture);
  };
  for (detection::Detection& object : objects) {
    for (float* const x : {&object.box.left, &object.box.right})
      along(*x, placement.left, placement.scaled.columns, placement.picture.columns);
    for (float* const y : {&object.box.top, &object.box.bottom})
      along(*y, placement.top, placement.scaled.rows, placement.picture.rows);
  }
}

/// Whether reading it again gives the same pictures once more, and they may be larger than frames.
bool is_video_file(const std::string& input) {
  std::error_code ignored;
  return !input.ends_with(".npy") && std::filesystem::is_regular_file(input, ignored);
}

}  // namespace

void check_pictures(const std::string& directory) {
  check_output_directory(directory);
  require_ffmpeg();
}

ObjectPictures::ObjectPictures(std::string directory, std::string input, const Framing& framing,
                               const Labels& labels, bool loop)
    : directory_(std::move(directory)),
      input_(std::move(input)),
      framing_(framing),
      labels_(&labels),
      loop_(loop) {
  make_output_directory(directory_);
}

/// Those in front of it were dropped.
std::optional<Array> ObjectPictures::picture(std::uint64_t frame) {
  std::optional<Array> picture;
  for (; next_ <= frame; ++next_) {
    picture = pictures_->next();
    if (!picture) return std::nullopt;
  }
  return picture;
}

Canvas ObjectPictures::canvas_of(std::uint64_t frame, const Array& pixels, const Placement& placement) {
  const Extent2d size{pixels.shape()[2], pixels.shape()[3]};
  if (!std::exchange(opened_, true) && placement.picture != size && is_video_file(input_)) {
    pictures_ = open_frame_source({.source = input_,
                                   .rows = placement.picture.rows,
                                   .columns = placement.picture.columns,
                                   .loop = loop_});
  }
  if (pictures_) {
    if (const auto own = picture(frame)) return Canvas(*own, plane_order(ChannelOrder::rgb));
    pictures_.reset();  // it ends earlier than at first: somebody has changed the file
  }
  return Canvas(pixels, plane_order(framing_.channels));
}

void ObjectPictures::write(std::uint64_t frame, const Array& pixels, const Placement& placement,
                           std::span<const detection::Detection> objects) {
  OutputFile file((std::filesystem::path(directory_) / fmt::format("{:06}.jpg", frame)).string());
  Canvas canvas = canvas_of(frame, pixels, placement);
  std::vector<detection::Detection> drawn(objects.begin(), objects.end());
  Placement on_canvas = placement;
  // A video's pictures may change their size; all are drawn in that of the first.
  if (pictures_) on_canvas = place(Fit::stretch, placement.picture, canvas.size());
  move_to_frame(drawn, on_canvas);
  draw_objects(canvas, drawn, *labels_);
  file.write(jpeg_of(canvas));
}

}  // namespace edge::drawing
