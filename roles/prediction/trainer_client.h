// The master's side of the trainer: keeps a connection to it, made anew when it is lost. Lives on the
// io_context's thread; handlers are called there. Bytes that are no valid predictors of this model are an
// error of that connection, never a wrong prediction.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/clock_questions.h"
#include "net/connector.h"
#include "roles/config/config.h"
#include "roles/model.h"
#include "roles/prediction/transfer_predictor.h"

namespace edge::prediction {

class TrainerClient {
 public:
  struct Handlers {
    /// Once per connection, as soon as the trainer is ready: after a lost connection again.
    std::function<void(std::shared_ptr<const TransferPredictor>)> predictors;
    /// The trainer still learns: about once a second. 0 <= done <= total.
    std::function<void(int done, int total)> progress;
    /// The connection was lost, or the trainer cannot go on (one line; called once for each reason). It is
    /// tried again by itself.
    std::function<void(const std::string& reason)> lost;
    /// The trainer refused: another version or another model (one line that names it).
    std::function<void(const std::string& reason)> refused;
  };

  /// Calls `address`. `model` must outlive this; `identity` is the caller's, role "master".
  TrainerClient(asio::io_context& context, const Address& address, const NetConfig& net, const Model& model,
                const net::Identity& identity, Handlers handlers);
  void start() { connector_.start(); }
  /// Says farewell ("finished", "stopped"): the process is about to end.
  void leave(const std::string& verb) { connector_.leave(verb); }

 private:
  asio::awaitable<void> serve(std::shared_ptr<net::Connection> connection);
  void handle(const net::Message& message);

  const Model& model_;
  Handlers handlers_;
  std::string lost_;  ///< the last reason that was told
  net::ClockQuestions clock_;
  net::Connector connector_;
};

/// The message that tells how far the training is, and back. Throws net::ConnectionLost if it is malformed.
net::Message training_message(int done, int total);
std::pair<int, int> parse_training(const net::Message& message);

}  // namespace edge::prediction
