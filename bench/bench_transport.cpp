// What TLS costs: bytes per second of one core. `records/...`: encrypting and decrypting alone, without a
// socket; `connection/...`: messages of 1 MiB from one end to the other over loopback, both ends on the same
// core, plain and with TLS by either cipher. A share of a core at another rate follows: rate / (bytes per
// second).
#include <benchmark/benchmark.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "net/connection.h"
#include "net/tls_session.h"

namespace {

using namespace edge::net;
using asio::ip::tcp;

constexpr std::size_t message_bytes = std::size_t{1} << 20U;

std::shared_ptr<const TlsContext> context_with(CipherOrder order) {
  return std::make_shared<const TlsContext>(Secret::random(), order);
}

void feed_handshake(TlsSession& to, TlsSession& from) {
  const std::vector<std::byte> bytes = std::exchange(from.output(), {});
  to.feed(bytes);
  to.handshake();
}

struct SessionPair {
  explicit SessionPair(const std::shared_ptr<const TlsContext>& context)
      : client(context, TlsSession::Side::client), server(context, TlsSession::Side::server) {
    client.handshake();
    feed_handshake(server, client);
    feed_handshake(client, server);
    feed_handshake(server, client);
  }
  TlsSession client;
  TlsSession server;
};

void records(benchmark::State& state, CipherOrder order, bool decrypt) {
  SessionPair pair(context_with(order));
  const std::vector<std::byte> message(message_bytes, std::byte{7});
  std::vector<std::byte> text(message_bytes);
  for (auto unused : state) {
    if (decrypt) state.PauseTiming();
    pair.client.output().clear();
    pair.client.write(message);
    if (decrypt) {
      state.ResumeTiming();
      pair.server.feed(pair.client.output());
      for (std::span<std::byte> rest = text; !rest.empty();) rest = rest.subspan(pair.server.read(rest));
    } else {
      state.PauseTiming();
      pair.server.feed(pair.client.output());
      for (std::span<std::byte> rest = text; !rest.empty();) rest = rest.subspan(pair.server.read(rest));
      state.ResumeTiming();
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message_bytes));
  state.SetLabel(pair.client.cipher());
}

void connection(benchmark::State& state, const std::shared_ptr<const TlsContext>& tls) {
  asio::io_context context;
  const auto work = asio::make_work_guard(context);  // between handshake and messages there is none
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  tcp::socket caller(context);
  caller.connect(acceptor.local_endpoint());
  const auto one = make_transport(std::move(caller), Transport::Side::client, tls);
  const auto other = make_transport(acceptor.accept(), Transport::Side::server, tls);
  int ready = 0;
  for (const auto& transport : {one, other}) {
    asio::co_spawn(
        context,
        [transport, &ready]() -> asio::awaitable<void> {
          co_await transport->handshake();
          ++ready;
        },
        asio::detached);
  }
  while (ready < 2) context.run_one();
  const ConnectionOptions options{.tls = tls};
  const auto sender = std::make_shared<Connection>(one, options, "receiver");
  const auto receiver = std::make_shared<Connection>(other, options, "sender");
  receiver->set_max_payload(message_bytes);
  sender->start();
  receiver->start();
  std::int64_t received = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        for (;; ++received) benchmark::DoNotOptimize((co_await receiver->receive()).message.payload.data());
      },
      asio::detached);
  const std::vector<std::byte> payload(message_bytes, std::byte{7});
  std::int64_t sent = 0;
  for (auto unused : state) {
    sender->send({.type = MessageType::probe, .payload = payload});
    for (++sent; received < sent;) context.run_one();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message_bytes));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  for (const auto& [name, order] : {std::pair{"aes128gcm", CipherOrder::aes_first},
                                    std::pair{"chacha20poly1305", CipherOrder::chacha_first}}) {
    for (const bool decrypt : {false, true}) {
      benchmark::RegisterBenchmark(
          (std::string("records/") + (decrypt ? "decrypt/" : "encrypt/") + name).c_str(),
          [order = order, decrypt](benchmark::State& state) { records(state, order, decrypt); });
    }
  }
  benchmark::RegisterBenchmark("connection/plain",
                               [](benchmark::State& state) { connection(state, nullptr); });
  benchmark::RegisterBenchmark("connection/aes128gcm", [](benchmark::State& state) {
    connection(state, context_with(CipherOrder::aes_first));
  });
  benchmark::RegisterBenchmark("connection/chacha20poly1305", [](benchmark::State& state) {
    connection(state, context_with(CipherOrder::chacha_first));
  });
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
