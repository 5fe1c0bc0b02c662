// Helpers for the tests of weight files: a directory of their own, messages of errors, archives and pickles
// made byte by byte.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/shape.h"
#include "tests/error_of.h"

namespace edge::test {

class TemporaryFiles : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name = "x") const { return (directory_ / name).string(); }
  std::string write(const std::string& bytes, const std::string& name = "x") const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  static std::string read(const std::string& file) {
    std::ostringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    return bytes.str();
  }

 private:
  std::filesystem::path directory_ = std::filesystem::temp_directory_path() /
                                     ("edge_weights_" + std::to_string(::getpid()) + "_" +
                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

inline std::string test_data(const std::string& name) {
  return std::string(EDGE_TEST_DATA) + "/" + name;
}

/// What tests/engine/data/make_weights.py stores under this name.
inline std::vector<float> stored_values(const std::string& name, std::size_t count) {
  const int start =
      std::accumulate(name.begin(), name.end(), 0, [](int sum, char c) { return sum + static_cast<int>(c); });
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>((start + 7 * static_cast<int>(i)) % 31 - 15) / 8;
  return values;
}

template <class Number>
std::string little_endian(Number number) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(number); ++i)
    bytes += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xffU);
  return bytes;
}
inline std::string u16(std::uint64_t number) {
  return little_endian(static_cast<std::uint16_t>(number));
}
inline std::string u32(std::uint64_t number) {
  return little_endian(static_cast<std::uint32_t>(number));
}
inline std::string u64(std::uint64_t number) {
  return little_endian(number);
}

/// A zip archive of stored entries; what tests want to be wrong can be set.
struct ZipWriter {
  bool zip64 = false;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::string comment = {};
  std::string bytes = {};
  std::string directory = {};
  int entries = 0;

  void add(const std::string& name, const std::string& contents) {
    add(name, contents.size(), bytes.size());
    bytes += "PK\3\4" + u16(45) + u16(flags) + u16(method) + u32(0) + u32(0) + u32(contents.size()) +
             u32(contents.size()) + u16(name.size()) + u16(3) + name + "pad" + contents;
  }
  /// Only in the directory.
  void add(const std::string& name, std::uint64_t size, std::uint64_t offset) {
    const std::string extra =
        zip64 ? u16(99) + u16(1) + "?" + u16(1) + u16(24) + u64(size) + u64(size) + u64(offset)
              : std::string();
    const std::uint64_t none = 0xffffffff;
    directory += "PK\1\2" + u16(45) + u16(45) + u16(flags) + u16(method) + u32(0) + u32(0) +
                 u32(zip64 ? none : size) + u32(zip64 ? none : size) + u16(name.size()) + u16(extra.size()) +
                 u16(0) + u16(0) + u16(0) + u32(0) + u32(zip64 ? none : offset) + name + extra;
    ++entries;
  }
  std::string finish() const {
    const auto count = static_cast<std::uint64_t>(entries);
    std::string end;
    if (zip64) {
      end = "PK\6\6" + u64(44) + u16(45) + u16(45) + u32(0) + u32(0) + u64(count) + u64(count) +
            u64(directory.size()) + u64(bytes.size());
      end += "PK\6\7" + u32(0) + u64(bytes.size() + directory.size()) + u32(1);
    }
    end += "PK\5\6" + u16(0) + u16(0) + u16(count) + u16(count) + u32(zip64 ? 0xffffffff : directory.size()) +
           u32(zip64 ? 0xffffffff : bytes.size()) + u16(comment.size()) + comment;
    return bytes + directory + end;
  }
};

}  // namespace edge::test
