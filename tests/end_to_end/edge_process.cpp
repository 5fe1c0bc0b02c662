#include "tests/end_to_end/edge_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace edge::test {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "edge_test_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryDirectory::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
  return path_ / name;
}

std::string TemporaryDirectory::read(const std::string& name) const {
  return read_file(path_ / name);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

namespace {

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    if (!changes.contains(variable.substr(0, variable.find('=')))) variables.push_back(variable);
  }
  for (const auto& [name, value] : changes) variables.push_back(name + "=" + value);
  return variables;
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

EdgeProcess::EdgeProcess(const std::vector<std::string>& command, std::filesystem::path output,
                         std::filesystem::path errors, const std::map<std::string, std::string>& environment,
                         const ProcessStreams& streams)
    : output_(std::move(output)), errors_(std::move(errors)) {
  // Before the fork: behind it another thread's lock, of the memory allocator for one, would stay locked.
  const std::vector<char*> argv = pointers_to(command);
  const std::vector<std::string> variables = environment_with(environment);
  const std::vector<char*> envp = pointers_to(variables);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto redirect = [](int given, const char* path, int flags, int to) {
    const int descriptor = given >= 0 ? given : open(path, flags, 0600);
    if (descriptor >= 0) dup2(descriptor, to);
  };
  redirect(streams.input, "/dev/null", O_RDONLY, 0);
  redirect(streams.output, output_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 1);
  redirect(-1, errors_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 2);
  signal(SIGPIPE, SIG_DFL);  // tests may ignore it
  close_range(3, ~0U, 0);    // of sockets that others hold open, the other side would not see the end
  execvpe(argv.front(), argv.data(), envp.data());
  _exit(127);
}

EdgeProcess::EdgeProcess(EdgeProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)) {}

EdgeProcess::~EdgeProcess() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void EdgeProcess::kill(int signal) const {
  if (pid_ > 0 && status_ < 0) ::kill(pid_, signal);
}

bool EdgeProcess::running() {
  return pid_ > 0 && wait(0ms) < 0;
}

int EdgeProcess::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (status_ < 0) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (std::chrono::steady_clock::now() >= deadline) return -1;
    std::this_thread::sleep_for(5ms);
  }
  return status_;
}

std::string EdgeProcess::output() const {
  return read_file(output_);
}
std::string EdgeProcess::errors() const {
  return read_file(errors_);
}

bool EdgeProcess::wait_for_message(const std::string& text, std::chrono::milliseconds limit) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (errors().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

std::vector<std::string> edge_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {EDGE_BINARY};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::vector<std::uint16_t> free_ports(int count) {
  std::vector<int> sockets;
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < count; ++i) {
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(descriptor, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("no free port");
    }
    ports.push_back(ntohs(address.sin_port));
    sockets.push_back(descriptor);
  }
  for (const int descriptor : sockets) close(descriptor);
  return ports;
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace edge::test
