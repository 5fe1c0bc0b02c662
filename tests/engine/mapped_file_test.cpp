// Files as memory: large ones, and those that change while they are mapped.
#include "engine/mapped_file.h"

#include <sys/types.h>

#include <chrono>
#include <filesystem>

#include "tests/engine/weight_file_support.h"

namespace edge {
namespace {

using test::error_of;
namespace fs = std::filesystem;

static_assert(sizeof(off_t) == 8, "files beyond 2 GiB need _FILE_OFFSET_BITS=64 on 32-bit devices");

class MappedFileTest : public test::TemporaryFiles {
 protected:
  /// As if it had been written a second later: clocks of file systems are coarse.
  static void later(const std::string& file) {
    fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(1));
  }
};

TEST_F(MappedFileTest, files_beyond_2_gib) {
  constexpr std::uint64_t bytes = (std::uint64_t{3} << 30) + 1;
  const std::string file = write("begin");
  fs::resize_file(file, bytes);  // sparse
  if constexpr (sizeof(std::size_t) == 8) {
    const MappedFile mapped(file);
    EXPECT_EQ(mapped.version().bytes, bytes);
    ASSERT_EQ(mapped.bytes().size(), bytes);
    EXPECT_EQ(mapped.bytes().substr(0, 5), "begin");
    EXPECT_EQ(mapped.bytes().back(), '\0');
  } else {
    EXPECT_EQ(
        error_of([&] { const MappedFile mapped(file); }),
        file +
            ": its 3221225473 bytes do not fit into this process' address space; use a smaller file, or a "
            "64-bit system");
  }
}

TEST_F(MappedFileTest, written_to_while_in_use) {
  const std::string file = write("old values");
  const MappedFile mapped(file);
  EXPECT_EQ(error_of([&] { mapped.check_unchanged(); }), "no error");
  write("new values");
  later(file);
  EXPECT_NE(error_of([&] { mapped.check_unchanged(); }).find(file + ": was overwritten while in use"),
            std::string::npos);
}

TEST_F(MappedFileTest, cut_short_while_in_use) {
  const std::string file = write("old values");
  const auto time = fs::last_write_time(file);
  const MappedFile mapped(file);
  fs::resize_file(file, 3);
  fs::last_write_time(file, time);
  EXPECT_NE(error_of([&] { mapped.check_unchanged(); }).find("was overwritten while in use"),
            std::string::npos);
}

TEST_F(MappedFileTest, replaced_by_a_new_one) {
  const std::string file = write("old values");
  const MappedFile mapped(file);
  fs::rename(write("new", "y"), file);
  EXPECT_EQ(error_of([&] { mapped.check_unchanged(); }), "no error");
  EXPECT_EQ(mapped.bytes(), "old values");
}

}  // namespace
}  // namespace edge
