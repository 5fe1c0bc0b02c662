#include "roles/video/rgb_source.h"

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "roles/video/planar_frame.h"
#include "roles/video/source_kind.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

class RgbSource final : public FrameSource {
 public:
  RgbSource(BufferedReader reader, std::string name, std::int64_t rows, std::int64_t columns, bool live,
            const Framing& framing)
      : reader_(std::move(reader)),
        name_(std::move(name)),
        rows_(rows),
        columns_(columns),
        live_(live),
        channels_(framing.channels),
        rgb_(static_cast<std::size_t>(3 * rows * columns)) {}

  std::optional<Array> next() override {
    if (ended_) return std::nullopt;
    const std::size_t count = reader_.read(std::as_writable_bytes(std::span(rgb_)));
    ended_ = count != rgb_.size() || reader_.cancelled();
    if (count == 0 || reader_.cancelled()) return std::nullopt;
    if (ended_) {
      throw Error(name_ + ": frame " + std::to_string(frames_) +
                  " is cut off: " + std::to_string(rgb_.size() - count) + " of " +
                  std::to_string(rgb_.size()) + " bytes are missing; raw frames must be RGB24 of exactly " +
                  std::to_string(rows_) + " rows x " + std::to_string(columns_) + " columns");
    }
    ++frames_;
    const PlanarFrame frame = planar_from_rgb24(rgb_.data(), rows_, columns_);
    order_planes(channels_, frame, {rows_, columns_});
    return frame.array;
  }

  Placement placement() const override { return whole_frame({rows_, columns_}); }

  std::optional<double> frames_per_second() const override { return std::nullopt; }
  bool live() const override { return live_; }
  void cancel() override { reader_.cancel(); }

 private:
  BufferedReader reader_;
  std::string name_;
  std::int64_t rows_, columns_;
  bool live_;
  ChannelOrder channels_;
  std::vector<std::uint8_t> rgb_;
  std::int64_t frames_ = 0;
  bool ended_ = false;
};

bool is_rgb_file(const std::string& source) {
  return source.size() > 4 && source.ends_with(".rgb");
}

std::unique_ptr<FrameSource> open_rgb_file(const VideoOptions& options) {
  return make_rgb_source(BufferedReader(open_file(options.source, options.file_patience, options.stop)),
                         source_name(options.source), options.rows, options.columns, false, options.framing);
}

}  // namespace

std::unique_ptr<FrameSource> make_rgb_source(BufferedReader reader, const std::string& name,
                                             std::int64_t rows, std::int64_t columns, bool live,
                                             const Framing& framing) {
  return std::make_unique<RgbSource>(std::move(reader), name, rows, columns, live, framing);
}

const SourceKind rgb_file_kind = {is_rgb_file, open_rgb_file, true};

}  // namespace edge
