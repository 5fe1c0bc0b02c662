// What a decoder is to make_decoder(): an entry of a table. Internal to roles/detection. Pure functions.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/operations.h"
#include "engine/shape.h"
#include "roles/config/preprocessing.h"
#include "roles/detection/decoder.h"

namespace edge::detection {

/// All that a decoder is chosen by.
struct NetworkOutputs {
  Extent2d frame;             ///< what the network reads
  std::vector<Shape> shapes;  ///< in the order of Graph::outputs()
};

enum class Choice : std::uint8_t {
  named,   ///< the user said so: any shapes that this decoder can read
  guessed  ///< only shapes that hardly any other network has
};

struct DecoderType {
  std::string_view name;
  /// Null: it cannot read them (or, guessed, they may be something else).
  std::unique_ptr<const Decoder> (*make)(const NetworkOutputs& outputs, Choice choice);
  /// For people: the shapes that it reads from such frames, "1x25200x(5+classes)".
  std::string (*wanted)(const Extent2d& frame);
  /// The pixels that its networks were trained with, of one or several families; `fit` does not count.
  std::vector<Preprocessing> (*pixels)();
};

/// The entry of that name, or null.
const DecoderType* decoder_type(std::string_view name);

extern const DecoderType street_decoder, yolov5_decoder, yolov8_decoder, yolox_decoder, nanodet_decoder,
    ssd_decoder, blazeface_decoder;

/// More classes than any published detector has; keeps sizes in an int.
constexpr std::int64_t most_classes = 100'000;

}  // namespace edge::detection
