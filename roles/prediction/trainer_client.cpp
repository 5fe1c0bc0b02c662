#include "roles/prediction/trainer_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/error_line.h"
#include "net/whole_number.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/worker_address.h"
#include "roles/prediction/predictor_bytes.h"
#include "roles/prediction/trained_predictor.h"

namespace edge::prediction {
namespace {

net::Connector::Options connector_options(const Address& address, const NetConfig& net,
                                          const net::Identity& identity) {
  return {.host = address.host,
          .port = address.port,
          .hello = {.identity = identity, .purpose = net::Purpose::control, .wanted_role = "trainer"},
          .connection = chain::connection_options(net)};
}

}  // namespace

TrainerClient::TrainerClient(asio::io_context& context, const Address& address, const NetConfig& net,
                             const Model& model, const net::Identity& identity, Handlers handlers)
    : model_(model),
      handlers_(std::move(handlers)),
      clock_(context),
      connector_(
          context, connector_options(address, net, identity),
          {.session = [this](auto connection, const net::Welcome&) { return serve(std::move(connection)); },
           .refused = [this](const std::string& reason) { handlers_.refused(reason); }}) {}

asio::awaitable<void> TrainerClient::serve(std::shared_ptr<net::Connection> connection) {
  connection->set_max_payload(std::max(net::max_control_bytes, max_predictor_bytes(model_.graph)));
  clock_.start(connection);
  try {
    for (;;) handle((co_await connection->receive()).message);
  } catch (const std::exception& error) {
    clock_.stop();
    // One that cannot go on says so to every attempt.
    if (const std::string line = line_of(error); line != lost_) handlers_.lost(lost_ = line);
    throw;
  }
}

void TrainerClient::handle(const net::Message& message) {
  switch (message.type) {
    case net::MessageType::training: {
      const auto [done, total] = parse_training(message);
      lost_.clear();
      handlers_.progress(done, total);
      return;
    }
    case net::MessageType::predictors: {
      std::shared_ptr<const TransferPredictor> predictor;
      try {
        predictor = std::make_shared<TrainedPredictor>(
            model_.graph, parse_predictors(message.payload, model_.graph, model_.hash));
      } catch (const net::ConnectionLost&) {
        throw;
      } catch (const Error& error) {
        throw net::ConnectionLost(fmt::format("it sent predictors that are of no use: {}", error.what()));
      }
      lost_.clear();
      handlers_.predictors(std::move(predictor));
      return;
    }
    case net::MessageType::clock:
      clock_.take(message);
      return;
    case net::MessageType::failure:
      throw net::ConnectionLost(chain::parse_failure(message));
    default:
      throw net::ConnectionLost("it sent an unexpected message");
  }
}

net::Message training_message(int done, int total) {
  return {.type = net::MessageType::training, .payload = net::to_cbor({{"done", done}, {"total", total}})};
}

std::pair<int, int> parse_training(const net::Message& message) {
  try {
    const nlohmann::json value = net::from_cbor(message.payload);
    const int done = net::whole_number<int>(value.at("done"));
    const int total = net::whole_number<int>(value.at("total"));
    if (done < 0 || total < done) throw net::ConnectionLost("it sent impossible progress");
    return {done, total};
  } catch (const nlohmann::json::exception&) {
    throw net::ConnectionLost("it sent malformed progress");
  }
}

}  // namespace edge::prediction
