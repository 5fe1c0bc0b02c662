// Read once for the tests of net and roles and those of end_to_end.
#pragma once

#include <gtest/gtest.h>

#include "cmake/precompiled_libraries.h"
