// The formats of detectors' outputs, written instead of read: an object is put where a decoder has to find
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/roles/detection_support.h"

namespace edge::detection::test {

/// An object in a frame.
struct Put {
  int class_index;
  float score, x, y, width, height;  // centre and size, pixels
};

/// That all of `put` was found, and nothing else; coordinates to within `tolerance`.
void expect_found(const std::vector<Detection>& found, const std::vector<Put>& put, float tolerance = 0.02F);

/// How a detector's outputs hold an object.
struct Format {
  std::string decoder;
  /// Outputs without an object.
  std::function<std::vector<Tensor>(const Extent2d&, int classes)> empty;
  /// Writes one that is drawn, somewhere; returns what has to be found.
  std::function<Put(std::vector<Tensor>&, const Extent2d&, int classes, Draw&)> put;
};

/// Each of them; several of some decoders.
const std::vector<Format>& formats();

// What they are made of.

/// The cells of a frame at these strides.
std::int64_t sum_of(const Extent2d& frame, std::initializer_list<std::int64_t> strides);

/// One of the cells of some strides: its number, and where it is.
struct Cell {
  std::int64_t number, row, column, stride, level, in_level;
};

void write_row(float* row, std::initializer_list<float> values);

/// NanoDet's outputs, a pair per stride.
std::vector<Tensor> nanodet_pairs(const Extent2d& frame, int classes, float score);
Put put_nanodet_pair(std::vector<Tensor>& outputs, const Extent2d& frame, int classes, Draw& draw);
/// The box of a NanoDet cell as distances in 4 x `count` bins; what is random about it fits into these.
Put put_distances(float* bins, std::int64_t count, const Cell& cell, float middle, int classes, Draw& draw);

/// Into the outputs of SSDlite: corrections of default boxes, and logits.
Put put_ssdlite(std::vector<Tensor>& outputs, const Extent2d& frame, int classes, Draw& draw);

}  // namespace edge::detection::test
