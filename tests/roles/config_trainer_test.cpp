// The [trainer] table.
#include <gtest/gtest.h>

#include "engine/error.h"
#include "roles/config/config.h"

namespace edge {
namespace {

const std::string worker = "[[workers]]\naddress = \"10.0.0.1:7701\"\n";

Config parse(const std::string& lines) {
  return parse_config(worker + "[trainer]\n" + lines, "/configs/config.toml");
}
std::string refusal(const std::string& lines) {
  try {
    static_cast<void>(parse(lines));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TrainerConfigTest, Defaults) {
  const TrainerConfig trainer = parse_config(worker, "config.toml").trainer;
  EXPECT_FALSE(trainer.address);
  EXPECT_FALSE(trainer.listen);
  EXPECT_EQ(trainer.frames, 24);
  EXPECT_EQ(trainer.source, "") << "that of [video]";
  EXPECT_EQ(trainer.wait, std::chrono::seconds(60));
}

TEST(TrainerConfigTest, AllKeys) {
  const TrainerConfig trainer = parse(
                                    "address = \"10.0.0.9:7700\"\nlisten = \"0.0.0.0:7800\"\nframes = "
                                    "48\nsource = \"day.mp4\"\nwait_s = 0\n")
                                    .trainer;
  EXPECT_EQ(trainer.address->to_string(), "10.0.0.9:7700");
  EXPECT_EQ(trainer.listen->port, 7800);
  EXPECT_EQ(trainer.frames, 48);
  EXPECT_EQ(trainer.source, "/configs/day.mp4") << "from the config's directory";
  EXPECT_EQ(trainer.wait.count(), 0);
  EXPECT_EQ(parse("source = \"synthetic:street\"").trainer.source, "synthetic:street");
  EXPECT_EQ(place_of(trainer.where, "source"), "/configs/config.toml:7: trainer.source: ");
}

TEST(TrainerConfigTest, BadValuesAreNamed) {
  EXPECT_NE(refusal("frames = 1").find("trainer.frames"), std::string::npos);
  EXPECT_NE(refusal("wait_s = -1").find("trainer.wait_s"), std::string::npos);
  EXPECT_NE(refusal("wait_s = nan").find("trainer.wait_s"), std::string::npos);
  EXPECT_NE(refusal("adress = \"10.0.0.9:7700\"").find("did you mean 'address'"), std::string::npos);
  EXPECT_NE(refusal("listen = \"7800\"").find("trainer.listen"), std::string::npos);
  EXPECT_NE(refusal("address = \"10.0.0.1:7701\"").find("already the address of workers[0]"),
            std::string::npos);
}

}  // namespace
}  // namespace edge
