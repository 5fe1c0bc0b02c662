#include "roles/video/y4m_source.h"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "roles/video/planar_frame.h"
#include "roles/video/plane_scaler.h"
#include "roles/video/source_kind.h"
#include "roles/video/source_name.h"
#include "roles/video/y4m_header.h"
#include "roles/video/yuv.h"

namespace edge {
namespace {

// Any, if the stream was cancelled meanwhile.
Y4mHeader read_header(BufferedReader& reader, const std::string& name) {
  const bool empty = reader.at_end();
  Y4mHeader any;
  any.rows = any.columns = 1;
  if (reader.cancelled()) return any;
  if (empty) throw Error(name + ": is empty, not a Y4M stream");
  const std::optional<std::string> line = reader.read_line(Y4mHeader::max_line);
  if (reader.cancelled()) return any;
  if (!line) throw Error(name + ": is not a Y4M stream: its first line does not end");
  return parse_y4m_header(*line, name);
}

class Y4mSource final : public FrameSource {
 public:
  Y4mSource(BufferedReader reader, std::string name, std::int64_t rows, std::int64_t columns, bool live,
            const Framing& framing)
      : reader_(std::move(reader)),
        name_(std::move(name)),
        frame_{rows, columns},
        framing_(framing),
        live_(live),
        header_(read_header(reader_, name_)),
        placement_(place(framing.fit, {header_.rows, header_.columns}, frame_)),
        part_(visible_part(placement_, frame_)),
        luma_scaler_(row_extent(header_.rows, Siting::centre),
                     column_extent(header_.columns, Siting::centre)) {
    if (has_chroma()) {
      chroma_scaler_.emplace(row_extent(header_.chroma_rows, header_.chroma_row_siting),
                             column_extent(header_.chroma_columns, header_.chroma_column_siting));
    }
  }

  std::optional<Array> next() override {
    if (ended_ || reader_.cancelled()) return std::nullopt;
    ended_ = true;  // unless a whole frame is there
    if (reader_.at_end() || !read_frame()) return std::nullopt;
    ended_ = false;
    ++frames_;
    return convert();
  }

  FrameTimes times() const override {
    if (!header_.frames_per_second || frames_ == 0) return {};
    return {.video_s = static_cast<double>(frames_ - 1) / *header_.frames_per_second, .captured = {}};
  }
  Placement placement() const override { return placement_; }
  std::optional<double> frames_per_second() const override { return header_.frames_per_second; }
  bool live() const override { return live_; }
  void cancel() override { reader_.cancel(); }

 private:
  bool has_chroma() const { return header_.chroma_rows != 0; }
  PlaneScaler::Extent row_extent(std::int64_t rows, Siting siting) const {
    return {rows, placement_.scaled.rows, siting, part_.in_picture.rows, part_.size.rows};
  }
  PlaneScaler::Extent column_extent(std::int64_t columns, Siting siting) const {
    return {columns, placement_.scaled.columns, siting, part_.in_picture.columns, part_.size.columns};
  }
  std::string here() const { return name_ + ": frame " + std::to_string(frames_); }

  // False after cancel().
  bool read_frame() {
    const std::optional<std::string> line = reader_.read_line(Y4mHeader::max_line);
    if (reader_.cancelled()) return false;
    if (!line || (*line != "FRAME" && line->rfind("FRAME ", 0) != 0)) {
      throw Error(here() + " does not begin with FRAME: the Y4M stream is broken");
    }
    yuv_.resize(static_cast<std::size_t>(header_.frame_bytes()));
    const std::size_t count = reader_.read(std::as_writable_bytes(std::span(yuv_)));
    if (reader_.cancelled()) return false;
    if (count != yuv_.size()) {
      throw Error(here() + " is cut off: " + std::to_string(yuv_.size() - count) + " of " +
                  std::to_string(yuv_.size()) + " bytes are missing");
    }
    return true;
  }

  Array convert() {
    PlanarFrame frame(frame_.rows, frame_.columns);
    const auto pixels = static_cast<std::size_t>(part_.size.rows * part_.size.columns);
    scaled_.resize(pixels * 3);
    const std::array<std::uint8_t*, 3> scaled = {scaled_.data(), scaled_.data() + pixels,
                                                 scaled_.data() + 2 * pixels};
    const std::uint8_t* in = yuv_.data();
    luma_scaler_.scale(in, scaled[0]);
    in += header_.luma_bytes();
    if (has_chroma()) {
      chroma_scaler_->scale(in, scaled[1]);
      chroma_scaler_->scale(in + header_.chroma_bytes(), scaled[2]);
    }
    // A picture as wide as the frame is one piece of it; another one goes there row by row. Bars are drawn in
    // RGB, behind the scaling, so that they have exactly their colour, and give the picture's edge none of
    // it.
    draw_bars(framing_, part_, frame, frame_);
    const auto stride = static_cast<std::size_t>(frame_.columns),
               plane = static_cast<std::size_t>(frame_.rows) * stride;
    const bool one_piece = part_.size.columns == frame_.columns;
    const std::size_t count = one_piece ? pixels : static_cast<std::size_t>(part_.size.columns);
    const std::array<std::size_t, 3> order = plane_order(framing_.channels);
    std::uint8_t* to = frame.planes + static_cast<std::size_t>(part_.in_frame.rows) * stride +
                       static_cast<std::size_t>(part_.in_frame.columns);
    for (std::size_t begin = 0; begin < pixels; begin += count, to += stride) {
      yuv_to_rgb(header_.matrix, header_.range, scaled[0] + begin, has_chroma() ? scaled[1] + begin : nullptr,
                 has_chroma() ? scaled[2] + begin : nullptr, to + order[0] * plane, to + order[1] * plane,
                 to + order[2] * plane, count);
    }
    return frame.array;
  }

  BufferedReader reader_;
  std::string name_;
  Extent2d frame_;
  Framing framing_;
  bool live_;
  Y4mHeader header_;
  Placement placement_;
  VisiblePart part_;
  PlaneScaler luma_scaler_;
  std::optional<PlaneScaler> chroma_scaler_;
  std::vector<std::uint8_t> yuv_, scaled_;
  std::int64_t frames_ = 0;
  bool ended_ = false;
};

bool is_y4m_file(const std::string& source) {
  return source.size() > 4 && source.ends_with(".y4m");
}

std::unique_ptr<FrameSource> open_y4m_file(const VideoOptions& options) {
  return make_y4m_source(BufferedReader(open_file(options.source, options.file_patience, options.stop)),
                         source_name(options.source), options.rows, options.columns, false, options.framing);
}

}  // namespace

std::unique_ptr<FrameSource> make_y4m_source(BufferedReader reader, const std::string& name,
                                             std::int64_t rows, std::int64_t columns, bool live,
                                             const Framing& framing) {
  return std::make_unique<Y4mSource>(std::move(reader), name, rows, columns, live, framing);
}

const SourceKind y4m_file_kind = {is_y4m_file, open_y4m_file, true};

}  // namespace edge
