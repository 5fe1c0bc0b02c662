#include "kernels/cpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace edge::kernels {
namespace {

TEST(Cpu, ScalarIsAlwaysThere) {
  EXPECT_TRUE(isa_supported(Isa::scalar));
  EXPECT_EQ(choose_isa("scalar"), Isa::scalar);
}

TEST(Cpu, TheBestIsSupported) {
  EXPECT_TRUE(isa_supported(choose_isa("")));
}

TEST(Cpu, EveryIsaCanBeAskedForByNameIfSupported) {
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2}) {
    if (isa_supported(isa)) {
      EXPECT_EQ(choose_isa(isa_name(isa)), isa);
    } else {
      EXPECT_THROW(choose_isa(isa_name(isa)), std::runtime_error) << isa_name(isa);
    }
  }
}

TEST(Cpu, NoCpuHasBothNeonAndAvx2) {
  EXPECT_FALSE(isa_supported(Isa::neon) && isa_supported(Isa::avx2));
}

TEST(Cpu, AnUnknownNameIsOneLineThatSaysWhatToDo) {
  try {
    choose_isa("sse9");
    FAIL() << "sse9 was accepted";
  } catch (const std::runtime_error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("EDGE_ISA=sse9"), std::string::npos) << message;
    EXPECT_NE(message.find("scalar, neon or avx2"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(Cpu, ModelIsNotEmpty) {
  EXPECT_FALSE(cpu_model().empty());
}

/// A directory as /sys/devices/system/cpu/cpu0/cache.
class FakeSysfs : public testing::Test {
 protected:
  FakeSysfs() { std::filesystem::remove_all(root_); }
  ~FakeSysfs() override { std::filesystem::remove_all(root_); }

  void add_cache(int index, const std::string& level, const std::string& type, const std::string& size,
                 const std::string& cpus) {
    const std::filesystem::path directory = root_ / ("index" + std::to_string(index));
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "level") << level << '\n';
    std::ofstream(directory / "type") << type << '\n';
    std::ofstream(directory / "size") << size << '\n';
    std::ofstream(directory / "shared_cpu_list") << cpus << '\n';
  }
  CacheSizes read() const { return read_cache_sizes(root_.string()); }

 private:
  std::filesystem::path root_ =
      std::filesystem::path(testing::TempDir()) / ("edge_cache_" + std::to_string(getpid()));
};

constexpr std::int64_t kib = 1024;

TEST_F(FakeSysfs, FourCoresShareL2) {
  add_cache(0, "1", "Data", "32K", "0");
  add_cache(1, "1", "Instruction", "48K", "0");
  add_cache(2, "2", "Unified", "1024K", "0-3");
  EXPECT_EQ(read(), (CacheSizes{32 * kib, 256 * kib, 0}));
}

TEST_F(FakeSysfs, HyperthreadsAreOneCore) {
  add_cache(0, "1", "Data", "48K", "0,4");
  add_cache(2, "2", "Unified", "2M", "0,4");
  add_cache(3, "3", "Unified", "24M", "0-7");
  EXPECT_EQ(read(), (CacheSizes{48 * kib, 2048 * kib, 6144 * kib}));
}

TEST_F(FakeSysfs, NonsenseIsNoCache) {
  EXPECT_EQ(read(), CacheSizes{});
  add_cache(0, "1", "Data", "many", "");
  add_cache(2, "2", "Unified", "-5K", "3-1");
  add_cache(3, "3", "Unified", "99999999999999999999K", ",,");
  EXPECT_EQ(read(), CacheSizes{});
}

TEST(CacheSizes, KnownCoresFillTheGaps) {
  EXPECT_EQ(complete_cache_sizes({}, "Cortex-A53"), (CacheSizes{32 * kib, 128 * kib, 0}));
  EXPECT_EQ(complete_cache_sizes({}, "Cortex-A76"), (CacheSizes{64 * kib, 512 * kib, 512 * kib}));
  EXPECT_EQ(complete_cache_sizes({16 * kib, 64 * kib, 0}, "Cortex-A76"), (CacheSizes{16 * kib, 64 * kib, 0}));
  const CacheSizes unknown = complete_cache_sizes({}, "a core of tomorrow");
  EXPECT_GT(unknown.l1_data, 0);
  EXPECT_GT(unknown.l2, 0);
}

TEST(CacheSizes, ThisMachineHasSome) {
  EXPECT_GE(cache_sizes().l1_data, 4 * kib);
  EXPECT_GE(cache_sizes().l2, 32 * kib);
}

}  // namespace
}  // namespace edge::kernels
