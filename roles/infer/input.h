// What `edge infer` computes on: the tensors in front of its first layer, frame after frame.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/executor.h"
#include "engine/graph.h"
#include "engine/layer.h"
#include "roles/video/frame_hold.h"
#include "roles/video/framing.h"

namespace edge::infer {

/// One owner, one thread.
class Input {
 public:
  virtual ~Input() = default;
  /// By layer; nothing at the end. Throws Error with the input's name.
  virtual std::optional<TensorMap> next() = 0;
  /// Where the picture lies in the frame that next() returned last; empty where nothing is known of one.
  virtual Placement placement() const { return {}; }
};

/// The size of frames: what `wanted` says, else that of the frame in a .npy file, else `usual`. `input` is
/// only looked at if it is a .npy and `is_frame`. Throws Error: not a frame, or of another size than wanted.
Extent2d frame_size(const std::string& input, bool is_frame, const std::optional<Extent2d>& wanted,
                    const Extent2d& usual = {224, 224});

/// Frames of a .npy, an image or a video: all that open_frame_source() takes, of `size`; those of a .npy are
/// taken as they are. Throws Error: as that; values that are infinite or NaN. Warns of values outside [0, 1].
std::unique_ptr<Input> open_frames(const std::string& input, const Extent2d& size,
                                   const Framing& framing = {}, const HoldOptions& hold = {});

/// The tensors that cross the cut in front of layer `first` > 1, from files (read_tensors()): given once.
std::unique_ptr<Input> open_boundary(const std::string& input, const Graph& graph, LayerIndex first);

}  // namespace edge::infer
