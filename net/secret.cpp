#include "net/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "engine/error.h"

namespace edge::net {
namespace {

constexpr std::size_t most_file_bytes = 4096;

/// Closes it at the end.
class OpenFile {
 public:
  OpenFile(const std::filesystem::path& file, int flags, mode_t mode = 0)
      : descriptor_(::open(file.c_str(), flags | O_CLOEXEC, mode)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(fmt::format("{}: {}", file.string(), why));
}

/// -1: none of the 64.
int value_of(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

/// RFC 4648, with its padding; nothing for anything else.
std::optional<std::vector<std::byte>> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const std::size_t digits = at + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const int value = i < digits ? value_of(text[at + i]) : 0;
      if (value < 0) return std::nullopt;
      group = (group << 6U) | static_cast<std::uint32_t>(value);
    }
    for (std::size_t i = 0; i + 1 < digits; ++i) {
      bytes.push_back(static_cast<std::byte>((group >> (16 - 8 * i)) & 0xFFU));
    }
  }
  return bytes;
}

std::array<std::byte, 32> hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> data) {
  std::array<std::byte, 32> result{};
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(data.data()), data.size(),
           reinterpret_cast<unsigned char*>(result.data()), &length) == nullptr ||
      length != result.size()) {
    throw Error("OpenSSL cannot compute HMAC-SHA-256");
  }
  return result;
}

/// Until the end, or one byte more than a secret's file may have.
std::string read_text_of(int descriptor, const std::filesystem::path& file) {
  std::string text(most_file_bytes + 1, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::read(descriptor, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(file, fmt::format("cannot read: {}", std::strerror(errno)));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Secret::~Secret() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

Secret Secret::random() {
  std::vector<std::byte> bytes(least_bytes);
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1) {
    throw Error("the system gives no random bytes");
  }
  return Secret(std::move(bytes));
}

Secret Secret::parse(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) throw Error("empty; `edge secret` makes a new one");
  std::optional<std::vector<std::byte>> bytes = decode_base64(text.substr(0, end + 1));
  if (!bytes) {
    throw Error(
        "not base64, so damaged or not the file that `edge secret` made; copy it again, as it is, "
        "from a device that has it");
  }
  if (bytes->size() < least_bytes) {
    throw Error(
        fmt::format("too short: {} bytes of the {} that a secret has; copy it again, or make a new "
                    "one with `edge secret` for all devices",
                    bytes->size(), least_bytes));
  }
  return Secret(*std::move(bytes));
}

Secret Secret::load(const std::filesystem::path& file) {
  const OpenFile open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);  // a pipe without a writer must not hold us
  if (open.get() < 0) {
    if (errno != ENOENT) refuse(file, fmt::format("cannot open: {}", std::strerror(errno)));
    refuse(file,
           "No such file or directory; make it with `edge secret` on one device and copy it to all others");
  }
  struct stat status {};
  if (::fstat(open.get(), &status) != 0) refuse(file, fmt::format("cannot read: {}", std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) {
    refuse(file, fmt::format("{}; name the file that `edge secret` made",
                             S_ISDIR(status.st_mode) ? "a directory" : "no regular file"));
  }
  if (const unsigned others = status.st_mode & 077U; others != 0) {
    refuse(file, fmt::format("open to other users of this device (mode {:03o}), so it may be known to them; "
                             "chmod 600 it, and make a new one if it has been so for long",
                             status.st_mode & 0777U));
  }
  std::string text = read_text_of(open.get(), file);
  if (text.size() > most_file_bytes) {
    refuse(file, "far too long for a secret; name the file that `edge secret` made");
  }
  const auto wipe = [&text] { OPENSSL_cleanse(text.data(), text.size()); };
  try {
    Secret secret = parse(text);
    wipe();
    return secret;
  } catch (const Error& error) {
    wipe();
    refuse(file, error.what());
  }
}

void Secret::write_new(const std::filesystem::path& file) const {
  const OpenFile open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (open.get() < 0) {
    if (errno != EEXIST) refuse(file, fmt::format("cannot write: {}", std::strerror(errno)));
    refuse(file,
           "is there already, and devices that have it would be locked out; remove it first, or name another "
           "file");
  }
  std::string content = text();
  // The mode whatever the umask is; on the disk before anybody copies it.
  const bool written =
      ::fchmod(open.get(), 0600) == 0 && write_all(open.get(), content) && ::fsync(open.get()) == 0;
  const int why = errno;
  OPENSSL_cleanse(content.data(), content.size());
  if (written) return;
  ::unlink(file.c_str());
  refuse(file, fmt::format("cannot write: {}", std::strerror(why)));
}

std::string Secret::text() const {
  std::string text((bytes_.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes_.data()), static_cast<int>(bytes_.size()));
  text.resize(static_cast<std::size_t>(length));
  return text + "\n";
}

std::array<std::byte, 32> Secret::key(std::string_view label) const {
  const std::array<std::byte, 32> no_salt{};
  const std::array<std::byte, 32> extracted = hmac_sha256(no_salt, bytes_);
  std::vector<std::byte> info(label.size() + 1, std::byte{1});  // one block: its number is 1
  std::memcpy(info.data(), label.data(), label.size());
  return hmac_sha256(extracted, info);
}

}  // namespace edge::net
