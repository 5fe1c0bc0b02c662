#include "roles/infer/input.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "engine/float_formats.h"
#include "engine/npy.h"
#include "roles/infer/tensor_files.h"
#include "roles/video/frame_source.h"
#include "roles/video/source_name.h"

namespace edge::infer {
namespace {

bool is_npy(const std::string& input) {
  return input.ends_with(".npy");
}

/// Tensors that are there already.
class GivenInput final : public Input {
 public:
  explicit GivenInput(TensorMap tensors) : tensors_(std::move(tensors)) {}
  std::optional<TensorMap> next() override { return std::exchange(tensors_, std::nullopt); }

 private:
  std::optional<TensorMap> tensors_;
};

class VideoInput final : public Input {
 public:
  VideoInput(std::unique_ptr<FrameSource> source, const HoldOptions& hold)
      : source_(std::move(source)), hold_(hold) {}
  std::optional<TensorMap> next() override {
    std::optional<Array> frame = source_->next();
    if (!frame) return std::nullopt;
    const Array held = hold_.hold(*std::move(frame));
    if (floats_.empty() || held.data() != last_.data()) floats_ = as_floats(held);
    last_ = held;
    return TensorMap{{0, floats_}};
  }
  Placement placement() const override { return source_->placement(); }

 private:
  std::unique_ptr<FrameSource> source_;
  FrameHold hold_;
  Array last_;
  Array floats_;  ///< of `last_`
};

Tensor load_frame(const std::string& file) {
  Tensor frame = load_npy(file);
  if (const std::size_t count = count_not_finite(frame.data(), frame.elements()); count > 0) {
    throw Error(fmt::format("{}: {} of {} values are infinite or NaN", file, count, frame.elements()));
  }
  const auto [least, most] = std::minmax_element(frame.values().begin(), frame.values().end());
  if (*least < 0 || *most > 1) {
    spdlog::warn("{}: values from {:.3g} to {:.3g}; the pixels of a frame are in [0, 1]", file, *least,
                 *most);
  }
  return frame;
}

}  // namespace

Extent2d frame_size(const std::string& input, bool is_frame, const std::optional<Extent2d>& wanted,
                    const Extent2d& usual) {
  if (!is_frame || !is_npy(input)) return wanted.value_or(usual);
  const Shape shape = npy_shape(input);
  if (shape.rank() != 4 || shape[0] != 1 || shape[1] != 3 || shape[2] < 1 || shape[3] < 1) {
    throw Error(fmt::format("{}: a frame is 1x3xROWSxCOLUMNS, not {}", input, shape.to_string()));
  }
  const Extent2d size{shape[2], shape[3]};
  if (wanted && *wanted != size) {
    throw Error(
        fmt::format("{}: a frame of {}x{}, but --size says {}x{}; leave --size out, as .npy frames are "
                    "not scaled",
                    input, size.rows, size.columns, wanted->rows, wanted->columns));
  }
  return size;
}

std::unique_ptr<Input> open_frames(const std::string& input, const Extent2d& size, const Framing& framing,
                                   const HoldOptions& hold) {
  if (is_npy(input)) return std::make_unique<GivenInput>(TensorMap{{0, load_frame(input)}});
  std::error_code ignored;
  if (std::filesystem::is_directory(input, ignored)) {
    throw Error(
        fmt::format("{}: is a directory; name a frame (.npy), an image or a video", source_name(input)));
  }
  return std::make_unique<VideoInput>(
      open_frame_source({.source = input, .rows = size.rows, .columns = size.columns, .framing = framing}),
      hold);
}

std::unique_ptr<Input> open_boundary(const std::string& input, const Graph& graph, LayerIndex first) {
  return std::make_unique<GivenInput>(read_tensors(graph, graph.boundary(first), input));
}

}  // namespace edge::infer
