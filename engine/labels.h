// Names of a network's classes. Immutable; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edge {

class Labels {
 public:
  Labels() = default;  ///< none
  explicit Labels(std::vector<std::string> names) : names_(std::move(names)) {}
  /// The 1000 classes of ImageNet (ILSVRC 2012) in the order of torchvision's networks.
  static Labels imagenet();
  /// The 80 classes of COCO in the order in which YOLO and others count them.
  static Labels coco();
  /// The same by their numbers in COCO, 1 to 90, as torchvision's detectors count them: 91 with the
  /// background, which has no name, nor have the numbers that were never used.
  static Labels coco_numbered();
  /// One name per line, UTF-8; spaces at its ends do not count, nor do empty lines at the end of the file.
  /// Throws Error with the file's name: not readable, a line that is empty, too long, or no UTF-8.
  static Labels from_file(const std::string& file);

  bool empty() const { return names_.empty(); }
  std::size_t size() const { return names_.size(); }
  /// Empty if the class has no name.
  std::string_view name(std::size_t index) const {
    return index < names_.size() ? std::string_view(names_[index]) : std::string_view();
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace edge
