// What `edge infer` is asked to do. Plain data, and how its texts are read; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "engine/layer.h"
#include "roles/config/config.h"

namespace edge::infer {

/// First and last, counted from 1, as plans count.
using LayerRange = std::pair<LayerIndex, LayerIndex>;

struct Options {
  ModelConfig model;             ///< rows and columns are not used: see `size`
  std::optional<Extent2d> size;  ///< of the frame; default: the .npy's own, else 224x224
  std::string input;             ///< .npy, image, video, or a directory of .npy
  std::string output;            ///< .npy or directory; empty: none
  std::string dump;              ///< directory; empty: none
  std::optional<LayerRange> layers;
  int threads = 0;                   ///< 0: all cores
  int repeat = 1;                    ///< timed runs of each frame
  int top = 5;                       ///< classes; 0: none
  DetectionConfig detection = {};    ///< without labels: those are the model's
  std::string draw = {};             ///< directory for pictures with objects; empty: none
  std::uint64_t frames = 1;          ///< 0: all
  HoldOptions hold = {};             ///< of a video's pictures
  std::uint64_t keep_bytes = 0;      ///< of outputs from frame to frame; 0: each frame is computed in whole
  bool keeps_automatically = false;  ///< as much as --keep auto found, which is said
};

/// "A-B", or "A" for one layer. Throws Error: not that, A < 1, A > B.
LayerRange parse_layers(const std::string& text);

}  // namespace edge::infer
