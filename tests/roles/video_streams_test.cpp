// Raw RGB and Y4M, from files and standard input: headers, whole frames, broken inputs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/error.h"
#include "roles/video/byte_stream.h"
#include "roles/video/frame_source.h"
#include "roles/video/rgb_source.h"
#include "roles/video/y4m_header.h"
#include "roles/video/y4m_source.h"
#include "roles/video/yuv.h"
#include "tests/error_of.h"
#include "tests/roles/video_memory_stream.h"
#include "tests/roles/video_pixels.h"

namespace edge {
namespace {

using test::error_of;

BufferedReader reader_of(const std::string& bytes, std::size_t piece = 1 << 16) {
  return BufferedReader(std::make_shared<MemoryStream>(bytes, piece));
}

/// A file that goes away with the test.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& bytes)
      : path_(std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + name)) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(BufferedReader, ReadsAcrossPieces) {
  BufferedReader reader = reader_of("first\nsecond line\nrest", 2);
  EXPECT_TRUE(reader.next_is("fir"));
  EXPECT_FALSE(reader.next_is("second"));
  EXPECT_EQ(reader.read_line(100), "first");
  EXPECT_EQ(reader.read_line(100), "second line");
  std::array<std::byte, 3> bytes;
  EXPECT_EQ(reader.read(bytes), 3U);
  EXPECT_EQ(bytes[0], std::byte{'r'});
  EXPECT_FALSE(reader.at_end());
  EXPECT_EQ(reader.read(bytes), 1U);
  EXPECT_TRUE(reader.at_end());
  EXPECT_FALSE(reader.read_line(100));
}

TEST(BufferedReader, LimitsLines) {
  EXPECT_EQ(reader_of("1234\n").read_line(4), "1234");
  EXPECT_FALSE(reader_of("12345\n").read_line(4));
}

TEST(RgbSource, ConvertsToPlanes) {
  const std::string frame("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", 12);
  const auto source = make_rgb_source(reader_of(frame + frame, 5), "raw", 2, 2, false);
  const auto first = source->next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type(), ElementType::u8);
  EXPECT_EQ(first->shape(), (Shape{1, 3, 2, 2}));
  EXPECT_EQ(test::pixels_of(*first), (std::vector<int>{1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12}));
  EXPECT_TRUE(source->next());
  EXPECT_FALSE(source->next());
  EXPECT_FALSE(source->next());
  EXPECT_FALSE(source->frames_per_second());
}

TEST(RgbSource, NamesMissingBytes) {
  const auto source = make_rgb_source(reader_of(std::string(12 + 5, 'x')), "raw", 2, 2, false);
  EXPECT_TRUE(source->next());
  EXPECT_EQ(error_of([&] { source->next(); }),
            "raw: frame 1 is cut off: 7 of 12 bytes are missing; raw frames must be RGB24 of exactly 2 rows "
            "x 2 columns");
  EXPECT_FALSE(source->next());
}

TEST(Y4mHeader, ReadsAllFormats) {
  const Y4mHeader plain = parse_y4m_header("YUV4MPEG2 W5 H3 F30000:1001 Ip A1:1", "x");
  EXPECT_EQ(plain.columns, 5);
  EXPECT_EQ(plain.rows, 3);
  EXPECT_EQ(plain.frame_bytes(), 15 + 2 * 3 * 2);  // 4:2:0, rounded up
  EXPECT_NEAR(*plain.frames_per_second, 29.97, 0.001);
  EXPECT_EQ(plain.range, YuvRange::limited);
  EXPECT_EQ(parse_y4m_header("YUV4MPEG2 W5 H3 C420mpeg2 XYSCSS=420MPEG2", "x").frame_bytes(), 27);
  EXPECT_EQ(parse_y4m_header("YUV4MPEG2 W5 H3 C422", "x").frame_bytes(), 15 + 2 * 9);
  EXPECT_EQ(parse_y4m_header("YUV4MPEG2 W5 H3 C444", "x").frame_bytes(), 45);
  EXPECT_EQ(parse_y4m_header("YUV4MPEG2 W5 H3 Cmono", "x").frame_bytes(), 15);
  EXPECT_EQ(parse_y4m_header("YUV4MPEG2 W5 H3 XCOLORRANGE=FULL", "x").range, YuvRange::full);
  EXPECT_FALSE(parse_y4m_header("YUV4MPEG2 W5 H3 F0:0", "x").frames_per_second);
  EXPECT_EQ(parse_y4m_header("YUV4MPEG2 W1279 H719", "x").matrix, YuvMatrix::bt601);
  EXPECT_EQ(parse_y4m_header("YUV4MPEG2 W1280 H720", "x").matrix, YuvMatrix::bt709);
}

TEST(Y4mHeader, RefusesWhatItCannotRead) {
  const auto refusal = [](const std::string& line) {
    return error_of([&] { parse_y4m_header(line, "a.y4m"); });
  };
  EXPECT_EQ(refusal("YUV4MPEG1 W5 H3"), "a.y4m: is not a Y4M stream: it does not begin with YUV4MPEG2");
  EXPECT_EQ(refusal("YUV4MPEG2W5 H3"), "a.y4m: is not a Y4M stream: its first line is malformed");
  EXPECT_EQ(refusal("YUV4MPEG2 H3"), "a.y4m: the Y4M header states no width (W)");
  EXPECT_EQ(refusal("YUV4MPEG2 W3"), "a.y4m: the Y4M header states no height (H)");
  EXPECT_EQ(refusal("YUV4MPEG2 W0 H3"), "a.y4m: Y4M width '0' is not a number from 1 to 16384");
  EXPECT_EQ(refusal("YUV4MPEG2 W5 H-3"), "a.y4m: Y4M height '-3' is not a number from 1 to 16384");
  EXPECT_EQ(refusal("YUV4MPEG2 W5 H99999999999999999999"),
            "a.y4m: Y4M height '99999999999999999999' is not a number from 1 to 16384");
  EXPECT_EQ(refusal("YUV4MPEG2 W16384 H16384"),
            "a.y4m: Y4M frames of 16384 x 16384 pixels are too large; at most 67108864 pixels");
  EXPECT_EQ(refusal("YUV4MPEG2 W5 H3 F25"), "a.y4m: Y4M frame rate '25' is not FRAMES:SECONDS");
  EXPECT_EQ(refusal("YUV4MPEG2 W5 H3 C420p10"),
            "a.y4m: Y4M colour format 'C420p10' is not supported; use 8-bit 4:2:0, 4:2:2, 4:4:4 or mono "
            "(ffmpeg: -pix_fmt yuv420p)");
  EXPECT_EQ(refusal("YUV4MPEG2 W5 H3 Qx"), "a.y4m: unknown Y4M parameter 'Qx'");
  for (const char* rate : {"1:9000000000000000000", "9000000000000000000:1"}) {
    EXPECT_EQ(refusal(std::string("YUV4MPEG2 W5 H3 F") + rate),
              std::string("a.y4m: Y4M frame rate '") + rate +
                  "' is not between one frame per day and a million per second");
  }
  EXPECT_EQ(refusal("YUV4MPEG2 W5 H3 Q\x1b[2J\rx"), "a.y4m: unknown Y4M parameter 'Q\\x1b[2J\\x0dx'");
  EXPECT_LT(refusal("YUV4MPEG2 W5 H3 Q" + std::string(900, 'x')).size(), 120U);
}

std::string y4m(const std::string& parameters, const std::vector<std::string>& frames) {
  std::string bytes = "YUV4MPEG2 " + parameters + "\n";
  for (const std::string& frame : frames) bytes += "FRAME Ip\n" + frame;
  return bytes;
}

TEST(Y4mSource, ConvertsAndScales) {
  // 2x2 of one colour: Y 81, U 90, V 240 is BT.601 red.
  const std::string red = std::string(4, '\x51') + '\x5a' + '\xf0';
  for (const std::int64_t side : {1, 2, 3}) {
    const auto source =
        make_y4m_source(reader_of(y4m("W2 H2 F10:1", {red, red}), 3), "a.y4m", side, side, false);
    EXPECT_EQ(source->frames_per_second(), 10);
    const auto frame = source->next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->shape(), (Shape{1, 3, side, side}));
    const std::vector<int> pixels = test::pixels_of(*frame);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      EXPECT_NEAR(pixels[i], i < pixels.size() / 3 ? 254 : 0, 1) << i;
    }
    EXPECT_TRUE(source->next());
    EXPECT_FALSE(source->next());
    EXPECT_FALSE(source->next());
  }
}

TEST(Y4mSource, ReadsGreyAnd444) {
  auto source = make_y4m_source(reader_of(y4m("W2 H1 Cmono", {"\x10\xeb"})), "a.y4m", 1, 2, false);
  EXPECT_EQ(test::pixels_of(*source->next()), (std::vector<int>{0, 255, 0, 255, 0, 255}));
  source = make_y4m_source(reader_of(y4m("W2 H1 C444 XCOLORRANGE=FULL", {"\x40\x60\x80\x80\x80\x80"})),
                           "a.y4m", 1, 2, false);
  EXPECT_EQ(test::pixels_of(*source->next()), (std::vector<int>{64, 96, 64, 96, 64, 96}));
}

TEST(Y4mSource, RefusesBrokenStreams) {
  const auto failure = [](const std::string& bytes) {
    return error_of([&] {
      const auto source = make_y4m_source(reader_of(bytes), "a.y4m", 2, 2, false);
      while (source->next()) {
      }
    });
  };
  EXPECT_EQ(failure(""), "a.y4m: is empty, not a Y4M stream");
  EXPECT_EQ(failure("YUV4MPEG2 W2 H2"), "a.y4m: is not a Y4M stream: its first line does not end");
  EXPECT_EQ(failure("YUV4MPEG2 " + std::string(5000, 'I')),
            "a.y4m: is not a Y4M stream: its first line does not end");
  const std::string whole = y4m("W2 H2", {"abcdef"});
  EXPECT_EQ(failure(whole), "no error");
  EXPECT_EQ(failure(whole + "FRAME\nabcd"), "a.y4m: frame 1 is cut off: 2 of 6 bytes are missing");
  EXPECT_EQ(failure(whole + "FRAM"), "a.y4m: frame 1 does not begin with FRAME: the Y4M stream is broken");
  EXPECT_EQ(failure(whole + "FRAMES\nabcdef"),
            "a.y4m: frame 1 does not begin with FRAME: the Y4M stream is broken");
}

TEST(OpenFrameSource, OpensFilesByName) {
  const TemporaryFile raw("frames.rgb", std::string(24, 'x'));
  const TemporaryFile y4m_file("frames.y4m", y4m("W2 H2 F5:1", {"abcdef"}));
  const auto rgb = open_frame_source({.source = raw.path(), .rows = 2, .columns = 2});
  EXPECT_TRUE(rgb->next());
  EXPECT_TRUE(rgb->next());
  EXPECT_FALSE(rgb->next());
  EXPECT_FALSE(rgb->live());
  const auto y4m_source = open_frame_source({.source = y4m_file.path(), .rows = 4, .columns = 4});
  EXPECT_TRUE(y4m_source->next());
  EXPECT_FALSE(y4m_source->next());
}

TEST(OpenFrameSource, LoopsFiles) {
  const TemporaryFile file("frames.y4m", y4m("W2 H2 F5:1", {"abcdef", "ghijkl"}));
  const auto source = open_frame_source({.source = file.path(), .rows = 2, .columns = 2, .loop = true});
  EXPECT_EQ(source->frames_per_second(), 5);
  const std::vector<int> first = test::pixels_of(*source->next()), second = test::pixels_of(*source->next());
  EXPECT_NE(first, second);
  for (int pass = 1; pass < 4; ++pass) {
    EXPECT_EQ(test::pixels_of(*source->next()), first);
    EXPECT_NEAR(*source->times().video_s, 0.4 * pass, 1e-9) << "time stamps go on";
    EXPECT_EQ(test::pixels_of(*source->next()), second);
    EXPECT_NEAR(*source->times().video_s, 0.4 * pass + 0.2, 1e-9);
  }
  source->cancel();
  EXPECT_FALSE(source->next());
}

TEST(OpenFrameSource, EndsALoopWithoutFrames) {
  const TemporaryFile file("none.y4m", y4m("W2 H2", {}));
  EXPECT_FALSE(open_frame_source({.source = file.path(), .rows = 2, .columns = 2, .loop = true})->next());
}

TEST(OpenFrameSource, RefusesClearly) {
  const auto refusal = [](const VideoOptions& options) {
    return error_of([&] { open_frame_source(options); });
  };
  EXPECT_EQ(refusal({.source = "/nowhere/a.y4m"}), "/nowhere/a.y4m: cannot open: No such file or directory");
  EXPECT_EQ(refusal({.source = "/nowhere/a.mp4"}), "/nowhere/a.mp4: cannot open: No such file or directory");
  EXPECT_EQ(refusal({.source = "/dev/video987"}), "no error") << "it is waited for";
  EXPECT_EQ(refusal({.source = "-version"}), "-version: cannot open: No such file or directory");
  EXPECT_EQ(refusal({.source = "/tmp"}), "/tmp: is a directory, not a video");
  EXPECT_EQ(refusal({.source = ""}), "no video source is given: name a file, camera, '-' or synthetic:NAME");
  EXPECT_EQ(refusal({.source = "-", .loop = true}),
            "-: cannot start again at its end (loop = true); only files and synthetic scenes can");
  EXPECT_EQ(
      refusal({.source = "rtsp://camera/1", .loop = true}),
      "rtsp://camera/1: cannot start again at its end (loop = true); only files and synthetic scenes can");
  EXPECT_EQ(refusal({.source = "synthetic:street", .rows = 0}),
            "frame size 0 x 720 is out of range: rows and columns must be 1 to 16384");
}

/// Standard input is a pipe as long as this lives.
class StandardInputPipe {
 public:
  StandardInputPipe() : saved_(::dup(STDIN_FILENO)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    writer_ = FileDescriptor(ends[1]);
  }
  ~StandardInputPipe() { ::dup2(saved_.get(), STDIN_FILENO); }
  StandardInputPipe(const StandardInputPipe&) = delete;
  StandardInputPipe& operator=(const StandardInputPipe&) = delete;

  void write(const std::string& bytes) {
    EXPECT_EQ(::write(writer_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void close() { writer_.close(); }

 private:
  FileDescriptor saved_, writer_;
};

TEST(StandardInput, TellsY4mFromRaw) {
  for (const std::string& bytes : {y4m("W2 H2 F5:1", {"abcdef"}), std::string(12, 'x')}) {
    StandardInputPipe pipe;
    const auto source = open_frame_source({.source = "-", .rows = 2, .columns = 2});
    EXPECT_TRUE(source->live());
    pipe.write(bytes);
    pipe.close();
    const auto frame = source->next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->bytes(), 12U);
    EXPECT_EQ(source->frames_per_second().has_value(), bytes.front() == 'Y');
    EXPECT_FALSE(source->next());
  }
}

TEST(StandardInput, CancelEndsTheWait) {
  for (const std::string& bytes : {std::string(), y4m("W2 H2 F5:1", {"ab"}), std::string(11, 'x')}) {
    StandardInputPipe pipe;
    const auto source = open_frame_source({.source = "-", .rows = 2, .columns = 2});
    pipe.write(bytes);
    std::thread canceller([&source] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      source->cancel();
    });
    EXPECT_FALSE(source->next());
    canceller.join();
    EXPECT_FALSE(source->next());
  }
}

TEST(RgbFile, IsLargerThan2GiB) {
  static_assert(sizeof(off_t) == 8);
  for (const char* const name : {"_large.rgb", "_large.y4m"}) {
    const bool y4m = std::string(name) == "_large.y4m";
    const TemporaryFile file(name, y4m ? "YUV4MPEG2 W2 H2 F25:1 C444\nFRAME\n" : "\x07");
    std::filesystem::resize_file(file.path(), (std::uint64_t{3} << 30));  // sparse
    VideoOptions options;
    options.source = file.path();
    options.rows = 2;
    options.columns = 2;
    const auto frame = open_frame_source(options)->next();
    ASSERT_TRUE(frame) << name;
    if (!y4m) {
      EXPECT_EQ(test::pixels_of(*frame)[0], 7);
    }
  }
}

}  // namespace
}  // namespace edge
