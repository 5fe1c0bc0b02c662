// Which keys of [model] two devices have set differently, from what they tell of their networks. Pure,
// thread-safe, no errors.
#pragma once

#include <string>

namespace edge::net {

/// Of two texts as Identity::model has them, "alexnet, 480x720, mean 0.5, seed 1": the keys whose values
/// differ, "frame_size and mean"; empty if the texts tell no difference.
std::string differing_keys(const std::string& first, const std::string& second);

}  // namespace edge::net
