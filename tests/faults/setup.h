// What all runs share: the program under test, what it can do, the video, and what is right.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/faults/scenario.h"

namespace edge::faults {

constexpr int frame_rows = 96;
constexpr int frame_columns = 144;

/// The stream's header, and its frames 0, 1, 2 ... (Y4M): a picture in which a block moves, now and then not.
std::string video_header();
std::string video_frame(int number);

struct Setup {
  std::string program;              ///< edge
  std::string itself;               ///< this program, for a command that repeats a seed
  std::filesystem::path directory;  ///< for files; each run has one of its own in it
  std::string clock_library;
  bool sanitized = false;  ///< slow, and takes memory of its own
  Abilities abilities;
};

/// Asks the program.
Abilities abilities_of(const Setup& setup);
/// A new secret in `file`. Throws Error.
void make_secret(const Setup& setup, const std::filesystem::path& file);

/// Of a chain's processes, each its own.
struct ChainAddress {
  std::string address;
  std::string listen;
};
struct ConfigText {
  const Scenario& scenario;
  std::vector<ChainAddress> workers;
  ChainAddress trainer;               ///< without an address: none
  std::filesystem::path cache;        ///< directory
  std::filesystem::path secret = {};  ///< file; empty: none
  int model_seed = 1;
  int last_layer = 0;  ///< of the network; for plans
  std::string text() const;
};

struct Reference {
  std::vector<std::string> checksums;  ///< of as many frames as any run has
  int last_layer = 0;
  double master_mb = 0;  ///< most that was resident
  double worker_mb = 0;
};

/// Runs without faults, each when it is first asked for. Thread-safe.
class References {
 public:
  explicit References(const Setup& setup) : setup_(setup) {}
  /// Throws Error if that run fails.
  const Reference& of(const std::string& network, int gate);

 private:
  Reference measure(const std::string& network, int gate) const;

  const Setup& setup_;
  std::mutex mutex_;
  std::map<std::pair<std::string, int>, Reference> known_;
};

}  // namespace edge::faults
