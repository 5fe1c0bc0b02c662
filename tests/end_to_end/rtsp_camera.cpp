#include "tests/end_to_end/rtsp_camera.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <utility>

namespace edge::test {
namespace {

std::string base64(const std::string& bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned value = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      value = value << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k > bytes.size() ? '=' : digits[value >> (18 - 6 * k) & 63U];
    }
  }
  return text;
}

/// The units between the start codes 0 0 1.
std::vector<std::string> split_nals(const std::string& stream) {
  const std::string code("\0\0\1", 3);
  std::vector<std::string> nals;
  for (std::size_t at = stream.find(code); at != std::string::npos;) {
    const std::size_t begin = at + code.size();
    at = stream.find(code, begin);
    std::string nal = stream.substr(begin, at == std::string::npos ? at : at - begin);
    while (!nal.empty() && nal.back() == '\0') nal.pop_back();  // of a longer start code
    if (!nal.empty()) nals.push_back(std::move(nal));
  }
  return nals;
}

int type_of(const std::string& nal) {
  return static_cast<unsigned char>(nal.front()) & 31;
}

std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 255U);
  return text;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

struct Request {
  std::string method, sequence, transport, authorization;
};

std::optional<std::string> read_line(int client) {
  std::string line;
  char character = 0;
  while (::recv(client, &character, 1, 0) == 1) {
    if (character == '\n') return line;
    if (character != '\r') line += character;
  }
  return std::nullopt;
}

std::optional<Request> read_request(int client) {
  const std::optional<std::string> first = read_line(client);
  if (!first) return std::nullopt;
  Request request{
      .method = first->substr(0, first->find(' ')), .sequence = "0", .transport = {}, .authorization = {}};
  for (;;) {
    const std::optional<std::string> line = read_line(client);
    if (!line) return std::nullopt;
    if (line->empty()) return request;
    const std::size_t colon = line->find(": ");
    if (colon == std::string::npos) continue;
    const std::string name = line->substr(0, colon), value = line->substr(colon + 2);
    if (name == "CSeq") request.sequence = value;
    if (name == "Transport") request.transport = value;
    if (name == "Authorization") request.authorization = value;
  }
}

void reply(int client, const Request& request, const std::string& status, const std::string& headers = {},
           const std::string& body = {}) {
  const std::string length = body.empty() ? "" : fmt::format("Content-Length: {}\r\n", body.size());
  const std::string text =
      fmt::format("RTSP/1.0 {}\r\nCSeq: {}\r\n{}{}\r\n{}", status, request.sequence, headers, length, body);
  static_cast<void>(::send(client, text.data(), text.size(), MSG_NOSIGNAL));
}

}  // namespace

RtspCamera::RtspCamera(const std::string& h264, RtspCameraOptions options) : options_(std::move(options)) {
  std::string sequence, picture;
  Frame frame;
  for (std::string& nal : split_nals(h264)) {
    const int type = type_of(nal);
    if (type == 7) sequence = nal;
    if (type == 8) picture = nal;
    const bool slice = type == 1 || type == 5;
    frame.nals.push_back(std::move(nal));
    if (slice) frames_.push_back(std::exchange(frame, {}));
  }
  if (sequence.empty() || picture.empty() || frames_.empty()) throw std::runtime_error("no H.264 stream");
  parameter_sets_ = base64(sequence) + "," + base64(picture);

  listener_ = edge::FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int reuse = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in address = loopback(options_.port);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 5) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0) {
    throw std::runtime_error("no port for the camera");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve_all(); });
}

RtspCamera::~RtspCamera() {
  stop_.set();
  thread_.join();
}

std::string RtspCamera::address(const std::string& credentials) const {
  return fmt::format("rtsp://{}127.0.0.1:{}/stream", credentials.empty() ? "" : credentials + "@", port_);
}

std::vector<std::chrono::steady_clock::time_point> RtspCamera::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

void RtspCamera::serve_all() {
  while (!stop_.is_set()) {
    std::array<pollfd, 2> polled = {pollfd{listener_.get(), POLLIN, 0},
                                    pollfd{stop_.descriptor(), POLLIN, 0}};
    ::poll(polled.data(), polled.size(), -1);
    if (polled[0].revents == 0) continue;
    const edge::FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.is_open()) continue;
    const timeval limit{.tv_sec = 2, .tv_usec = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    serve(client.get());
  }
}

void RtspCamera::serve(int client) {
  const std::string session = "Session: 1234;timeout=60\r\n";
  edge::FileDescriptor udp;
  while (const std::optional<Request> request = read_request(client)) {
    if (!options_.credentials.empty() && request->method != "OPTIONS" &&
        request->authorization != "Basic " + base64(options_.credentials)) {
      reply(client, *request, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"camera\"\r\n");
    } else if (request->method == "OPTIONS") {
      reply(client, *request, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n");
    } else if (request->method == "DESCRIBE") {
      reply(client, *request, "200 OK", "Content-Type: application/sdp\r\n",
            fmt::format("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
                        "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets={}\r\n"
                        "a=control:track1\r\n",
                        parameter_sets_));
    } else if (request->method == "SETUP") {
      unsigned port = 0;
      const std::size_t ports = request->transport.find("client_port=");
      const bool wants_udp =
          ports != std::string::npos &&
          std::sscanf(request->transport.c_str() + ports, "client_port=%u", &port) == 1;  // NOLINT
      if (!wants_udp && options_.udp_only) {
        reply(client, *request, "461 Unsupported transport");
        continue;
      }
      std::string transport = "RTP/AVP/TCP;unicast;interleaved=0-1";
      if (wants_udp) {
        udp = edge::FileDescriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const sockaddr_in to = loopback(static_cast<std::uint16_t>(port));
        ::connect(udp.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
        transport = fmt::format("RTP/AVP;unicast;client_port={}-{};server_port=6970-6971", port, port + 1);
      }
      reply(client, *request, "200 OK", fmt::format("{}Transport: {}\r\n", session, transport));
    } else if (request->method == "PLAY") {
      reply(client, *request, "200 OK", session + "Range: npt=0.000-\r\n");
      send_frames(client, udp.get());
      return;
    } else {
      reply(client, *request, "200 OK", session);
    }
  }
}

bool RtspCamera::send_frames(int client, int udp) {
  std::uint64_t packet = 0;
  for (int i = 0; i < options_.frames; ++i) {
    const Frame& frame = frames_[static_cast<std::size_t>(i) % frames_.size()];
    const auto time = static_cast<std::uint64_t>(90000 * i / options_.frames_per_second);
    {
      const std::lock_guard lock(mutex_);
      sent_.push_back(std::chrono::steady_clock::now());
    }
    for (std::size_t k = 0; k < frame.nals.size(); ++k) {
      const bool last = k + 1 == frame.nals.size();
      const std::string rtp = big_endian(0x80, 1) + big_endian(last ? 0x80 | 96 : 96, 1) +
                              big_endian(packet++, 2) + big_endian(time, 4) + big_endian(4321, 4) +
                              frame.nals[k];
      const std::string bytes = udp >= 0 ? rtp : std::string("$\0", 2) + big_endian(rtp.size(), 2) + rtp;
      if (::send(udp >= 0 ? udp : client, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return false;
    }
    if (!pause(std::chrono::milliseconds(static_cast<int>(1000 / options_.frames_per_second)))) return false;
    char ignored = 0;  // ffmpeg hangs up
    if (::recv(client, &ignored, 1, MSG_DONTWAIT | MSG_PEEK) == 0) return false;
  }
  return true;
}

bool RtspCamera::pause(std::chrono::milliseconds time) const {
  pollfd polled{stop_.descriptor(), POLLIN, 0};
  return ::poll(&polled, 1, static_cast<int>(time.count())) == 0;
}

}  // namespace edge::test
