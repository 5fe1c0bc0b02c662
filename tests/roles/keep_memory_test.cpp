#include "roles/keep_memory.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

TEST(KeepMemory, TakesAPartOfWhatIsAvailable) {
  const std::uint64_t bytes = automatic_keep_bytes();
  EXPECT_GE(bytes, std::uint64_t{1} << 20);
  EXPECT_LT(bytes, std::uint64_t{1} << 40);
}

TEST(KeepMemory, SaysWhatItFound) {
  EXPECT_EQ(automatic_keep_text(std::uint64_t{300} << 20),
            "keeps up to 300 MB of its layers' outputs (keep = auto: a quarter of the available memory)");
}

TEST(KeepMemory, WhatIsConfiguredCounts) {
  EXPECT_EQ(resolve_keep_bytes(0), 0U);
  EXPECT_EQ(resolve_keep_bytes(12345), 12345U);
}

}  // namespace
}  // namespace edge
