#include "roles/video/y4m_header.h"

#include <array>
#include <charconv>
#include <string_view>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge {
namespace {

struct ChromaFormat {
  std::string_view tag;
  int row_ratio, column_ratio;  // luma samples per chroma sample; 0: no chroma
  Siting row_siting, column_siting;
};
constexpr std::array<ChromaFormat, 7> chroma_formats = {{
    {"420", 2, 2, Siting::centre, Siting::centre},
    {"420jpeg", 2, 2, Siting::centre, Siting::centre},
    {"420mpeg2", 2, 2, Siting::centre, Siting::first},
    {"420paldv", 2, 2, Siting::first, Siting::first},
    {"422", 1, 2, Siting::centre, Siting::first},
    {"444", 1, 1, Siting::centre, Siting::centre},
    {"mono", 0, 0, Siting::centre, Siting::centre},
}};

// Frames per second.
constexpr double least_rate = 1.0 / (24 * 3600), most_rate = 1e6;

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

class HeaderParser {
 public:
  explicit HeaderParser(std::string name) : name_(std::move(name)) {}

  void parameter(std::string_view token) {
    const std::string_view value = token.substr(1);
    switch (token.front()) {
      case 'W':
        header_.columns = side(value, "width");
        break;
      case 'H':
        header_.rows = side(value, "height");
        break;
      case 'F':
        header_.frames_per_second = rate(value);
        break;
      case 'C':
        format_ = &chroma(value);
        break;
      case 'I':  // interlacing
      case 'A':  // aspect ratio of a pixel
        break;
      case 'X':
        if (value == "COLORRANGE=FULL") header_.range = YuvRange::full;
        break;
      default:
        fail("unknown Y4M parameter " + in_quotes(token));
    }
  }

  Y4mHeader finish() {
    if (header_.columns == 0) fail("the Y4M header states no width (W)");
    if (header_.rows == 0) fail("the Y4M header states no height (H)");
    if (header_.rows * header_.columns > Y4mHeader::max_pixels) {
      fail("Y4M frames of " + std::to_string(header_.columns) + " x " + std::to_string(header_.rows) +
           " pixels are too large; at most " + std::to_string(Y4mHeader::max_pixels) + " pixels");
    }
    if (format_->row_ratio != 0) {
      header_.chroma_rows = (header_.rows + format_->row_ratio - 1) / format_->row_ratio;
      header_.chroma_columns = (header_.columns + format_->column_ratio - 1) / format_->column_ratio;
    }
    // What the stream does not say: television's rule, which players follow.
    constexpr std::int64_t least_high_definition = 720;
    if (header_.rows >= least_high_definition) header_.matrix = YuvMatrix::bt709;
    header_.chroma_row_siting = format_->row_siting;
    header_.chroma_column_siting = format_->column_siting;
    return header_;
  }

  [[noreturn]] void fail(const std::string& what) const { throw Error(name_ + ": " + what); }

 private:
  std::int64_t side(std::string_view value, const char* what) const {
    const auto number = parse_integer(value);
    if (!number || *number < 1 || *number > Y4mHeader::max_side) {
      fail(std::string("Y4M ") + what + " " + in_quotes(value) + " is not a number from 1 to " +
           std::to_string(Y4mHeader::max_side));
    }
    return *number;
  }

  std::optional<double> rate(std::string_view value) const {
    const std::size_t colon = value.find(':');
    if (colon == std::string_view::npos)
      fail("Y4M frame rate " + in_quotes(value) + " is not FRAMES:SECONDS");
    const auto frames = parse_integer(value.substr(0, colon));
    const auto seconds = parse_integer(value.substr(colon + 1));
    if (!frames || !seconds) fail("Y4M frame rate " + in_quotes(value) + " is not FRAMES:SECONDS");
    if (*frames == 0 || *seconds == 0) return std::nullopt;  // 0:0 means unknown
    const double rate = static_cast<double>(*frames) / static_cast<double>(*seconds);
    if (rate < least_rate || rate > most_rate) {
      fail("Y4M frame rate " + in_quotes(value) +
           " is not between one frame per day and a million per second");
    }
    return rate;
  }

  const ChromaFormat& chroma(std::string_view value) const {
    for (const ChromaFormat& format : chroma_formats) {
      if (format.tag == value) return format;
    }
    fail("Y4M colour format " + in_quotes("C" + std::string(value)) +
         " is not supported; use 8-bit 4:2:0, 4:2:2, 4:4:4 or mono (ffmpeg: -pix_fmt yuv420p)");
  }

  std::string name_;
  Y4mHeader header_;
  const ChromaFormat* format_ = chroma_formats.data();  // 4:2:0 unless said otherwise
};

}  // namespace

Y4mHeader parse_y4m_header(const std::string& line, const std::string& name) {
  HeaderParser parser(name);
  std::string_view rest = line;
  constexpr std::string_view magic = "YUV4MPEG2";
  if (rest.substr(0, magic.size()) != magic)
    parser.fail("is not a Y4M stream: it does not begin with YUV4MPEG2");
  rest.remove_prefix(magic.size());
  while (!rest.empty()) {
    if (rest.front() != ' ') parser.fail("is not a Y4M stream: its first line is malformed");
    rest.remove_prefix(1);
    const std::string_view token = rest.substr(0, rest.find(' '));
    rest.remove_prefix(token.size());
    if (!token.empty()) parser.parameter(token);
  }
  return parser.finish();
}

}  // namespace edge
