#include "roles/commands/preprocessing_options.h"

namespace edge::commands {

std::vector<Option> preprocessing_options() {
  return {
      {.name = "fit",
       .value = "HOW",
       .help = "stretch, letterbox or crop pictures; default: letterbox for detectors, else stretch"},
      {.name = "pad", .value = "N|R,G,B", .help = "colour of a letterbox' bars (0)"},
      {.name = "channels", .value = "ORDER", .help = "rgb or bgr (rgb)"},
      {.name = "pixel-range", .value = "N", .help = "pixels are 0 to N for --mean and --std: 1 or 255 (1)"},
      {.name = "mean",
       .value = "N|N,N,N",
       .help = "subtracted from pixels: of all or each channel, or imagenet"},
      {.name = "std", .value = "N|N,N,N", .help = "and what is left divided by this"},
      {.name = "normalize",
       .value = "NAME",
       .help = "none or imagenet: both --mean and --std, as torchvision's weights expect"}};
}

PreprocessingTexts preprocessing_texts(const Arguments& arguments) {
  return {.fit = arguments.text("fit"),
          .pad = arguments.text("pad"),
          .channels = arguments.text("channels"),
          .pixel_range = arguments.text("pixel-range"),
          .mean = arguments.text("mean"),
          .deviation = arguments.text("std"),
          .normalize = arguments.text("normalize")};
}

}  // namespace edge::commands
