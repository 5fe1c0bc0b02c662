// What most files include from the standard library, parsed once (target_precompile_headers). Files still
// include what they use: a build with -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON, as `make lint` makes it, must
// succeed.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
