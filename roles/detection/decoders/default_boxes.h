// The boxes that SSD networks correct: those of torchvision's DefaultBoxGenerator
// (torchvision/models/detection/anchor_utils.py), for the two families that it has. Internal to
// roles/detection. Pure functions, no errors.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/operations.h"

namespace edge::detection {

/// In pixels of the frame.
struct DefaultBox {
  float x, y, width, height;
};

/// ssdlite320_mobilenet_v3_large: six grids, the first of stride 16 and each next one half of that before,
/// rounded up; scales evenly from 0.2 to 0.95; aspect ratios 1, 1 (a larger one), 2, 1/2, 3, 1/3. 3234 boxes
/// at 320x320.
std::vector<DefaultBox> ssdlite_boxes(const Extent2d& frame);

/// ssd300_vgg16: six grids of 4 or 6 boxes, steps 8, 16, 32, 64, 100, 300. 8732 boxes at 300x300. Empty: the
/// frame is too small for the network.
std::vector<DefaultBox> ssd300_boxes(const Extent2d& frame);

}  // namespace edge::detection
