// The first line of a Y4M (YUV4MPEG2) stream. Thread-safe functions.
// Source of the format: the yuv4mpeg(5) manual page of mjpegtools.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "roles/video/plane_scaler.h"
#include "roles/video/yuv.h"

namespace edge {

struct Y4mHeader {
  static constexpr std::int64_t max_side = 16384;       ///< pixels
  static constexpr std::int64_t max_pixels = 64 << 20;  ///< rows * columns
  static constexpr std::size_t max_line = 1024;         ///< characters of the header and of a frame's line

  std::int64_t rows = 0, columns = 0;
  std::int64_t chroma_rows = 0, chroma_columns = 0;  ///< 0: grey (mono)
  Siting chroma_row_siting = Siting::centre, chroma_column_siting = Siting::centre;
  YuvRange range = YuvRange::limited;
  YuvMatrix matrix = YuvMatrix::bt601;  ///< the format has no word for it: BT.709 from 720 rows on
  std::optional<double> frames_per_second;

  std::int64_t luma_bytes() const { return rows * columns; }
  std::int64_t chroma_bytes() const { return chroma_rows * chroma_columns; }
  std::int64_t frame_bytes() const { return luma_bytes() + 2 * chroma_bytes(); }
};

/// `line` is the first line without its newline, from "YUV4MPEG2" on. 8-bit 4:2:0, 4:2:2, 4:4:4 and mono are
/// read, interlaced frames as if they were progressive. Throws Error ("NAME: what is wrong").
Y4mHeader parse_y4m_header(const std::string& line, const std::string& name);

}  // namespace edge
