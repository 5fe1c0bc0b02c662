// What roles say to each other stays what docs/wire.md says. A change needs a new protocol version:
//   test_roles --gtest_also_run_disabled_tests --gtest_filter=ChainMessages.DISABLED_write
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>

#include "engine/array.h"
#include "engine/models/models.h"
#include "net/codec/codec.h"
#include "net/length_prefix.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/frame_header.h"
#include "roles/chain/result.h"
#include "tests/net/golden_messages.h"

namespace edge::chain {
namespace {

using net::ConnectionLost;

const std::string golden_file = EDGE_TEST_DATA "/messages_v5.txt";

const Graph& graph() {
  static const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 32});
  return graph;
}

StageReport report(int worker) {
  return stage_report(
      worker, {.bytes = 1000, .receive_s = 0.5, .decode_s = 0.25, .wait_s = 0.125, .received_at = 10},
      {.compute_s = 2, .compute_at = 11, .computed_macs = 5e8, .all_macs = 2e9, .values_error = 0.03125},
      {.encode_s = 0.0625, .encode_at = 13, .transfer = {.bytes = 4000, .seconds = 0.75}});
}

/// Of a frame that worker 0 has handled, under a plan with a cut in front of layer 7.
FrameHeader header() {
  return {.run = {.instance = 0xfedcba9876543210, .epoch = 2},
          .ends = {7, graph().size()},
          .route = {0, 1},
          .options = {.coding = {.delta = true, .compress = false, .values = ValueFormat::int8},
                      .full_result = true,
                      .top_k = 5},
          .stages = {report(-1), report(0)}};
}

Array output() {
  FreshArray fresh = allocate_array(ElementType::f32, graph().layer(graph().output()).output_shape);
  for (std::size_t i = 0; i < fresh.array.bytes(); ++i) fresh.data[i] = static_cast<std::byte>(i % 60);
  return fresh.array;
}

Result result() {
  return {.frame = 99,
          .run = header().run,
          .stages = {report(-1), report(0), report(1)},
          .top_k = {{3, 0.5F}, {1, 0.25F}},
          .checksum = 0xE3069283};
}

net::Message packed_result(bool with_output) {
  return pack(result(), encode_outputs(with_output ? std::vector{output()} : std::vector<Array>(),
                                       {.delta = false, .compress = true}));
}

Result parsed(const net::Message& message) {
  return parse_result(message, {.graph = graph()}, kernels::Isa::scalar);
}

/// What a detector's frames and results have beside that; the numbers are exact as float32.
FrameHeader header_with_objects() {
  FrameHeader header{
      .run = {.instance = 1, .epoch = 1}, .ends = {graph().size()}, .route = {0}, .options = {}};
  header.options.objects = {
      .decoder = "yolov8",
      .wanted = {.threshold = 0.25F, .overlap = 0.5F, .classes = {0, 2}},
      .placement = {.picture = {720, 1280}, .scaled = {180, 320}, .top = 70, .left = -1}};
  return header;
}

Result result_with_objects() {
  Result result{.frame = 7, .run = {.instance = 1, .epoch = 1}, .checksum = 1};
  result.has_objects = true;
  result.objects = {{.class_index = 2, .score = 0.75F, .box = {1, 2.5, 3, 4}},
                    {.class_index = 0, .score = 0.5F, .box = {0, 0, 1280, 720}}};
  return result;
}

net::test::NamedMessages messages() {
  return {{"frame_header", {.type = net::MessageType::frame, .payload = pack(header(), graph().boundary(7))}},
          {"frame_header_with_objects",
           {.type = net::MessageType::frame, .payload = pack(header_with_objects(), {0})}},
          {"result", packed_result(false)},
          {"result_with_objects", pack(result_with_objects(), {})},
          {"result_with_output", packed_result(true)},
          {"profile", profile_message({0, 0.5, 0.25})},
          {"route", route_message({.epoch = 4,
                                   .links = {{1,
                                              {.address = {.host = "10.0.0.8", .port = 7702},
                                               .instance = 0xfedcba9876543210}}}})},
          {"link_state", link_state_message({.to = 1, .connected = false, .reason = "no answer"})},
          {"failure", failure_message("worker 1 cannot go on: no memory")}};
}

TEST(ChainMessages, DISABLED_write) {
  net::test::write_golden(golden_file, messages());
}

TEST(ChainMessages, AreWrittenAsBefore) {
  net::test::expect_golden(golden_file, messages());
}

TEST(ChainMessages, AreUnderstood) {
  const std::map<std::string, std::string> golden = net::test::read_golden(golden_file);
  const auto read = [&](const char* name) { return net::test::message_of(golden.at(name)); };
  const FrameHeader parsed = parse_frame_header(read("frame_header").payload, graph(), {.worker = 1});
  EXPECT_EQ(parsed.run, header().run);
  EXPECT_EQ(parsed.ends, header().ends);
  EXPECT_EQ(parsed.route, header().route);
  EXPECT_TRUE(parsed.options.coding.delta);
  EXPECT_EQ(parsed.options.coding.values, ValueFormat::int8);
  EXPECT_FALSE(parsed.options.coding.compress);
  EXPECT_TRUE(parsed.options.full_result);
  EXPECT_EQ(parsed.options.top_k, 5);
  EXPECT_EQ(to_json(parsed.stages), to_json(header().stages));
  EXPECT_FALSE(parsed.options.objects);
  const Result with_output = edge::chain::parsed(read("result_with_output"));
  EXPECT_EQ(with_output.frame, 99U);
  EXPECT_EQ(with_output.run, result().run);
  EXPECT_EQ(with_output.top_k, result().top_k);
  EXPECT_EQ(with_output.checksum, result().checksum);
  EXPECT_EQ(to_json(with_output.stages), to_json(result().stages));
  EXPECT_FALSE(with_output.has_objects);
  const Array expected = output();
  ASSERT_EQ(with_output.outputs.size(), 1U);
  EXPECT_TRUE(bit_equal(with_output.outputs.front(), expected));
  EXPECT_TRUE(edge::chain::parsed(read("result")).outputs.empty());
  EXPECT_EQ(parse_route(read("route"), 0).links.at(1).address.port, 7702);
  EXPECT_EQ(parse_link_state(read("link_state")).reason, "no answer");
  EXPECT_EQ(parse_failure(read("failure")), "worker 1 cannot go on: no memory");
  EXPECT_THROW(parse_profile(read("profile"), graph()), ConnectionLost) << "for a network of three layers";
}

TEST(FrameHeader, PlansThatDoNotFitAreRefused) {
  const auto parsed = [](const std::vector<LayerIndex>& ends, int worker) {
    FrameHeader changed = header();
    changed.ends = ends;
    changed.route.resize(ends.size());
    std::iota(changed.route.begin(), changed.route.end(), 0);
    return parse_frame_header(pack(changed, graph().boundary(first_layer(ends, worker))), graph(),
                              {.worker = worker});
  };
  const LayerIndex end = graph().size();
  EXPECT_NO_THROW(parsed({7, end}, 0));
  EXPECT_NO_THROW(parsed({7, end}, 1));
  EXPECT_NO_THROW(parsed({7, 7, end}, 1)) << "a worker that relays";
  EXPECT_THROW(parsed({7, end - 1}, 1), ConnectionLost);
  EXPECT_THROW(parsed({7, end + 1}, 1), ConnectionLost);
  EXPECT_THROW(parsed({7, 5, end}, 1), ConnectionLost);
  EXPECT_THROW(parsed({0, end}, 0), ConnectionLost);
  EXPECT_THROW(parsed({end, end}, 1), ConnectionLost) << "a worker behind the last active one gets no frames";
  EXPECT_THROW(parse_frame_header(pack(header(), {0}), graph(), {.worker = 1}), ConnectionLost)
      << "other arrays than cross the cut";
  EXPECT_THROW(parse_frame_header(pack(header(), graph().boundary(7)), graph(), {.worker = 2}),
               ConnectionLost)
      << "a plan for two workers";
  EXPECT_THROW(parsed(std::vector<LayerIndex>(most_workers + 1, end), 0), ConnectionLost);
}

TEST(FrameHeader, RoutesThatCannotBeAreRefused) {
  const LayerIndex end = graph().size();
  const auto parsed = [](const std::vector<int>& route, const std::vector<LayerIndex>& ends, int worker) {
    FrameHeader changed = header();
    changed.ends = ends;
    changed.route = route;
    return parse_frame_header(pack(changed, graph().boundary(first_layer(ends, worker))), graph(),
                              {.worker = worker});
  };
  const FrameHeader past_one = parsed({0, 2}, {7, 7, end}, 2);
  EXPECT_EQ(past_one.route, (std::vector<int>{0, 2}));
  EXPECT_EQ(next_on_route(past_one, 0), 2);
  EXPECT_EQ(next_on_route(past_one, 2), std::nullopt);
  EXPECT_THROW(parsed({0, 2}, {7, 7, end}, 1), ConnectionLost) << "it does not lead here";
  EXPECT_THROW(parsed({0, 2}, {7, 8, end}, 2), ConnectionLost) << "worker 1 has a layer";
  EXPECT_THROW(parsed({2, 0}, {7, 7, end}, 2), ConnectionLost);
  EXPECT_THROW(parsed({0, 2, 2}, {7, 7, end}, 2), ConnectionLost);
  EXPECT_THROW(parsed({-1, 0, 2}, {7, 7, end}, 2), ConnectionLost);
  EXPECT_THROW(parsed({0, 2, 3}, {7, 7, end}, 2), ConnectionLost) << "there is no worker 3";
  EXPECT_THROW(parsed({}, {7, 7, end}, 2), ConnectionLost);
}

TEST(RouteOrder, OnlyLeadsOn) {
  const RouteOrder order{.epoch = 3,
                         .links = {{2, {.address = {.host = "10.0.0.2", .port = 7702}, .instance = 12345}}}};
  EXPECT_EQ(parse_route(route_message(order), 0), order);
  EXPECT_THROW(parse_route(route_message(order), 2), ConnectionLost) << "a link to itself";
  EXPECT_THROW(parse_route(route_message(order), 3), ConnectionLost);
  RouteOrder many;
  for (int worker = 1; worker < 100; ++worker) many.links[worker] = {.address = {.host = "a", .port = 1}};
  EXPECT_THROW(parse_route(route_message(many), 0), ConnectionLost);
  EXPECT_THROW(
      parse_route({.payload = net::to_cbor({{"epoch", "x"}, {"links", nlohmann::json::array()}})}, 0),
      ConnectionLost);
  EXPECT_THROW(parse_route({.payload = net::to_cbor({{"links", 5}})}, 0), ConnectionLost);
}

TEST(FrameHeader, ValuesOfAnUnknownFormatAreRefused) {
  nlohmann::json value = net::from_cbor(pack(header(), graph().boundary(7)));
  value["values"] = "int9";
  EXPECT_THROW(parse_frame_header(net::to_cbor(value), graph(), {.worker = 1}), ConnectionLost);
}

TEST(FrameHeader, AHopAddsItsReportWhenTheFrameLeaves) {
  const net::OutgoingFrame outgoing = outgoing_frame(
      5, header(), {}, [](const net::SendTimes& sent) { return stage_report(1, {.bytes = 3}, {}, sent); });
  EXPECT_EQ(outgoing.frame, 5U);
  EXPECT_FALSE(outgoing.coding.compress);
  const nlohmann::json value = net::from_cbor(outgoing.header({.encode_s = 7}));
  const std::vector<StageReport> stages = stage_reports_from(value.at("stages"));
  ASSERT_EQ(stages.size(), 3U);
  EXPECT_EQ(stages.back().worker, 1);
  EXPECT_EQ(stages.back().receive_bytes, 3U);
  EXPECT_EQ(stages.back().encode_s, 7);
}

TEST(StageReport, ImpossibleOnesAreRefused) {
  nlohmann::json value = to_json(std::vector<StageReport>{report(0)});
  EXPECT_NO_THROW(stage_reports_from(value));
  for (const std::size_t time : {2U, 3U, 4U, 5U, 6U, 8U, 9U, 10U, 11U, 12U, 13U, 14U}) {
    nlohmann::json changed = value;
    changed[0][time] = -1.0;
    EXPECT_THROW(stage_reports_from(changed), ConnectionLost) << time;
  }
  for (const double absurd :
       {1e300, 1e19, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    for (std::size_t i = 0; i < 15; ++i) {
      nlohmann::json changed = value;
      changed[0][i] = absurd;
      EXPECT_THROW(stage_reports_from(changed), ConnectionLost) << i << " " << absurd;
    }
  }
  for (const std::size_t whole : {0U, 1U, 7U}) {
    nlohmann::json changed = value;
    changed[0][whole] = 1.5;
    EXPECT_THROW(stage_reports_from(changed), ConnectionLost) << whole;
  }
  EXPECT_THROW(stage_reports_from(to_json(std::vector<StageReport>(2000))), ConnectionLost);
  EXPECT_THROW(stage_reports_from(nlohmann::json::object()), ConnectionLost);
}

TEST(StageReport, OneOfEachHopInTheOrderOfTheChain) {
  const auto parsed_workers = [](const std::vector<int>& workers) {
    std::vector<StageReport> reports;
    for (const int worker : workers) reports.push_back(report(worker));
    return stage_reports_from(to_json(reports)).size();
  };
  EXPECT_EQ(parsed_workers({-1, 0, 1, 2}), 4U);
  EXPECT_EQ(parsed_workers({-1, 2, 63}), 3U) << "a chain may have gaps";
  EXPECT_THROW(parsed_workers({-1, 0, 0}), ConnectionLost);
  EXPECT_THROW(parsed_workers({-1, 1, 0}), ConnectionLost);
  EXPECT_THROW(parsed_workers({-2}), ConnectionLost);
  EXPECT_THROW(parsed_workers({64}), ConnectionLost);
}

TEST(Result, EndsWithTheReportOfTheWorkerThatSendsIt) {
  EXPECT_NO_THROW(parse_result(packed_result(false), {.graph = graph(), .worker = 1}, kernels::Isa::scalar));
  EXPECT_THROW(parse_result(packed_result(false), {.graph = graph(), .worker = 0}, kernels::Isa::scalar),
               ConnectionLost);
  EXPECT_THROW(parse_result(packed_result(false), {.graph = graph(), .worker = 2}, kernels::Isa::scalar),
               ConnectionLost);
}

TEST(Result, NumbersThatAreNotWholeAreRefused) {
  const net::Message good = packed_result(false);
  for (const char* key : {"run", "checksum", "top_k"}) {
    const nlohmann::json absurd = key == std::string("checksum") ? nlohmann::json(1e300)
                                  : key == std::string("run")
                                      ? nlohmann::json::array({1, std::uint64_t{1} << 32U})
                                      : nlohmann::json::array({nlohmann::json::array({1e300, 0.5})});
    const auto [cbor, outputs] = net::split_prefixed(good.payload);
    nlohmann::json value = net::from_cbor(cbor);
    value[key] = absurd;
    net::Message changed = good;
    changed.payload.clear();
    net::append_prefixed(changed.payload, net::to_cbor(value));
    EXPECT_THROW(parsed(changed), ConnectionLost) << key;
  }
}

TEST(Result, NotMoreClassesThanTheNetworkHas) {
  const auto classes = static_cast<std::size_t>(graph().layer(graph().output()).output_shape.elements());
  Result strange{.frame = 1, .run = {}};
  strange.top_k.assign(classes, {0, 0.5F});
  EXPECT_NO_THROW(parsed(pack(strange, {})));
  strange.top_k.assign(classes + 1, {0, 0.5F});
  EXPECT_THROW(parsed(pack(strange, {})), ConnectionLost);
}

TEST(FrameHeader, LayersBeyondAllNumbersAreRefused) {
  nlohmann::json value = net::from_cbor(pack(header(), graph().boundary(7)));
  for (const nlohmann::json& absurd :
       {nlohmann::json((std::int64_t{1} << 32) + 7), nlohmann::json(7.0), nlohmann::json(1e300),
        nlohmann::json(std::numeric_limits<double>::quiet_NaN())}) {
    nlohmann::json changed = value;
    changed["plan"][0] = absurd;
    EXPECT_THROW(parse_frame_header(net::to_cbor(changed), graph(), {.worker = 1}), ConnectionLost) << absurd;
    changed = value;
    changed["top_k"] = absurd;
    EXPECT_THROW(parse_frame_header(net::to_cbor(changed), graph(), {.worker = 1}), ConnectionLost) << absurd;
  }
}

TEST(Result, DamagedOutputEndsTheConnection) {
  net::Message truncated = packed_result(true);
  truncated.payload.resize(truncated.payload.size() - 10);
  EXPECT_THROW(parsed(truncated), ConnectionLost);
  net::Message longer = packed_result(true);
  longer.payload.resize(longer.payload.size() + 4);
  EXPECT_THROW(parsed(longer), ConnectionLost) << "bytes behind the output";
  // An output that is coded against another frame's, which nobody holds.
  const net::Base base{.frame = 98, .array = output()};
  std::vector<std::byte> encoded;
  net::encode(output(), &base, {.delta = true, .isa = kernels::Isa::scalar}, encoded);
  EXPECT_THROW(parsed(pack(result(), encoded)), ConnectionLost);
}

TEST(Result, ClassesOfOtherNetworksEndTheConnection) {
  const auto classes = static_cast<int>(graph().layer(graph().output()).output_shape.elements());
  for (const int index : {-1, classes, 1 << 30}) {
    const Result strange{.frame = 1, .run = {}, .top_k = {{index, 0.5F}}};
    EXPECT_THROW(parsed(pack(strange, {})), ConnectionLost) << index;
  }
}

TEST(Profile, OneFiniteCostPerLayer) {
  std::vector<double> cost(static_cast<std::size_t>(graph().size()), 0.5);
  EXPECT_EQ(parse_profile(profile_message(cost), graph()), cost);
  cost[3] = -1;
  EXPECT_THROW(parse_profile(profile_message(cost), graph()), ConnectionLost);
  EXPECT_THROW(parse_profile(profile_message({1, 2}), graph()), ConnectionLost);
  for (const double absurd : {0.0, 1e-300, 1e300, std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN()}) {
    std::fill(cost.begin(), cost.end(), absurd);
    EXPECT_THROW(parse_profile(profile_message(cost), graph()), ConnectionLost) << absurd;
  }
  std::fill(cost.begin(), cost.end(), 0.0);
  cost[1] = 1e-6;
  EXPECT_NO_THROW(parse_profile(profile_message(cost), graph())) << "most layers may be free";
  EXPECT_THROW(parse_failure({.type = net::MessageType::failure, .payload = net::to_cbor({{"reason", 1}})}),
               ConnectionLost);
}

}  // namespace
}  // namespace edge::chain
