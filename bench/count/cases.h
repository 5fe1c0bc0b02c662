// The cases of count_kernels.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace edge::count {

struct Work {
  std::function<void()> run;
  std::int64_t units = 0;  ///< multiply-adds, or inputs of kernels without any
};

struct Case {
  const char* name;
  std::function<Work()> make;
};

std::vector<Case> multiplying_cases();  ///< gemm, linear, convolution
std::vector<Case> streaming_cases();    ///< pooling, elementwise, delta
std::vector<Case> tls_cases();          ///< per byte, of both ends together
std::vector<Case> network_cases();
/// The network of an ONNX file, for pictures of the size that it fixes, or "FILE:ROWSxCOLUMNS". Throws
/// edge::Error.
Work network_of_file(const std::string& file);

/// In (-1, 1), the same everywhere, cheap to make.
std::vector<float> values(std::int64_t count);

}  // namespace edge::count
