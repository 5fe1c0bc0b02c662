// `-`: standard input, Y4M if it begins so, else raw RGB24.
#include <memory>
#include <string>
#include <utility>

#include "roles/video/byte_stream.h"
#include "roles/video/rgb_source.h"
#include "roles/video/source_kind.h"
#include "roles/video/y4m_source.h"

namespace edge {
namespace {

constexpr const char* name = "standard input";

class StandardInputSource final : public FrameSource {
 public:
  StandardInputSource(std::shared_ptr<ByteStream> stream, const VideoOptions& options)
      : stream_(std::move(stream)),
        rows_(options.rows),
        columns_(options.columns),
        framing_(options.framing) {}

  std::optional<Array> next() override {
    if (!source_) {  // not earlier: only here can cancel() end the wait for the first bytes
      BufferedReader reader(stream_);
      const bool y4m = reader.next_is("YUV4MPEG2");
      if (reader.cancelled()) return std::nullopt;
      source_ = y4m ? make_y4m_source(std::move(reader), name, rows_, columns_, true, framing_)
                    : make_rgb_source(std::move(reader), name, rows_, columns_, true, framing_);
    }
    return source_->next();
  }
  FrameTimes times() const override { return source_ ? source_->times() : FrameTimes{}; }
  Placement placement() const override { return source_ ? source_->placement() : Placement{}; }
  std::optional<double> frames_per_second() const override {
    return source_ ? source_->frames_per_second() : std::nullopt;
  }
  bool live() const override { return true; }
  void cancel() override { stream_->cancel(); }

 private:
  std::shared_ptr<ByteStream> stream_;
  std::int64_t rows_, columns_;
  Framing framing_;
  std::unique_ptr<FrameSource> source_;
};

}  // namespace

const SourceKind standard_input_kind = {
    [](const std::string& source) { return source == "-" || source == "/dev/stdin"; },
    [](const VideoOptions& options) -> std::unique_ptr<FrameSource> {
      return std::make_unique<StandardInputSource>(open_standard_input(options.stop), options);
    },
    false};

}  // namespace edge
