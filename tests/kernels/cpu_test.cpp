#include "kernels/cpu.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace edge::kernels
