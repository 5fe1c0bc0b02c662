// Who is there: the first messages of a connection. Both sides learn role, version, ISA and whether they run
// the same model; any mismatch is a clear error at both ends. Pure functions over messages; thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "net/message.h"

namespace edge::net {

/// What a process tells about itself.
struct Identity {
  std::string role;            ///< "master" | "worker" | "trainer"
  int index = 0;               ///< of a worker
  std::uint64_t instance = 0;  ///< random, new with every start of the process
  std::string software_version = {};
  std::string model_hash = {};  ///< graph, weights and frame size
  std::string model = {};       ///< the same for people: "alexnet, 480x720, seed 1"
  std::string isa = {};

  /// "worker 1", "master"
  std::string name() const;
};

/// What the connection is for.
enum class Purpose : std::uint8_t {
  control,  ///< master to anybody: results, profiles, failures come back
  link      ///< frames, to the next worker of the chain
};

struct Hello {
  Identity identity;
  Purpose purpose = Purpose::control;
  std::string wanted_role = {};  ///< who the caller believes to call
  int wanted_index = 0;
  std::chrono::milliseconds timeout{5000};  ///< after so long a silence the caller gives the connection up
};

struct Welcome {
  Identity identity;
  int window_frames = 1;  ///< link: how many frames may be under way without an acknowledgement
  std::chrono::milliseconds timeout{5000};  ///< as in Hello
};

struct Refusal {
  std::string reason;
  bool final = true;  ///< false: trying again may help (busy with another master)
};

/// The peer refused for good.
class Refused : public Error {
 public:
  using Error::Error;
};

Message pack(const Hello& hello);
Message pack(const Welcome& welcome);
Message pack(const Refusal& refusal);
/// Throw ConnectionLost if the message is of another type or malformed. Texts come out printable and short.
Hello parse_hello(const Message& message);
Welcome parse_welcome(const Message& message);
Refusal parse_refusal(const Message& message);

/// The called side's judgement: is `hello` meant for us, and do version and model agree?
std::optional<Refusal> check_hello(const Hello& hello, const Identity& self);

/// A random instance number.
std::uint64_t new_instance();

}  // namespace edge::net
