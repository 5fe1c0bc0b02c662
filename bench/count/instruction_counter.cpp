// A QEMU plugin (user mode, plugin interface version 1: QEMU 4.2 to 8) that counts executed instructions
// between two marks which the program sets: any system call whose first argument is mark_argument
// (count_kernels.cpp closes a file descriptor of that number). Prints "instructions N" for the code between
// the first and the last mark, or for the whole run if there are no two; with the argument "functions=on"
// then one line "N NAME" per function, largest first (the program must not be stripped). One guest thread:
// the counters are not atomic. Built by count.py for the host.
//
// Counts are those of whole translated blocks as they are entered, and independent of the machine's load.
#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

// The part of the plugin interface that is used here; Debian has no package with its header.
extern "C" {
using qemu_plugin_id_t = std::uint64_t;
struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* block);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb* block, std::size_t index);
const char* qemu_plugin_insn_symbol(const qemu_plugin_insn* instruction);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*call)(qemu_plugin_id_t, qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb* block, qemu_plugin_op operation, void* counter,
                                              std::uint64_t addend);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id,
                                          void (*call)(qemu_plugin_id_t, unsigned cpu, std::int64_t number,
                                                       std::uint64_t, std::uint64_t, std::uint64_t,
                                                       std::uint64_t, std::uint64_t, std::uint64_t,
                                                       std::uint64_t, std::uint64_t));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, void*), void* data);
void qemu_plugin_outs(const char* text);
[[gnu::visibility("default")]] extern int qemu_plugin_version;
int qemu_plugin_version = 1;
}

namespace {

constexpr std::uint64_t mark_argument = 0x6D61726B;

/// One translated block. QEMU holds on to the address of `executed`.
struct Block {
  std::string function;
  std::uint64_t executed = 0;
  std::uint64_t at_first_mark = 0;
  std::uint64_t at_last_mark = 0;
};

// A plugin has no object of its own to keep its state in.
std::deque<Block> blocks;
int marks = 0;
bool by_function = false;

void on_translate(qemu_plugin_id_t /*id*/, qemu_plugin_tb* translated) {
  const char* const symbol = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(translated, 0));
  Block& block = blocks.emplace_back();
  block.function = symbol != nullptr ? symbol : "?";
  qemu_plugin_register_vcpu_tb_exec_inline(translated, QEMU_PLUGIN_INLINE_ADD_U64, &block.executed,
                                           qemu_plugin_tb_n_insns(translated));
}

void on_system_call(qemu_plugin_id_t /*id*/, unsigned /*cpu*/, std::int64_t /*number*/, std::uint64_t first,
                    std::uint64_t /*2*/, std::uint64_t /*3*/, std::uint64_t /*4*/, std::uint64_t /*5*/,
                    std::uint64_t /*6*/, std::uint64_t /*7*/, std::uint64_t /*8*/) {
  if (first != mark_argument) return;
  for (Block& block : blocks) (marks == 0 ? block.at_first_mark : block.at_last_mark) = block.executed;
  ++marks;
}

void on_exit(qemu_plugin_id_t /*id*/, void* /*data*/) {
  std::uint64_t total = 0;
  std::map<std::string, std::uint64_t> functions;
  for (const Block& block : blocks) {
    const std::uint64_t count = marks < 2 ? block.executed : block.at_last_mark - block.at_first_mark;
    total += count;
    functions[block.function] += count;
  }
  std::string text = "instructions " + std::to_string(total) + "\n";
  if (by_function) {
    std::vector<std::pair<std::uint64_t, std::string>> sorted;
    for (const auto& [name, count] : functions) {
      if (count > 0) sorted.emplace_back(count, name);
    }
    std::sort(sorted.rbegin(), sorted.rend());
    for (const auto& [count, name] : sorted) text += std::to_string(count) + " " + name + "\n";
  }
  qemu_plugin_outs(text.c_str());
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id,
                                                                  const qemu_info_t* /*info*/, int count,
                                                                  char** arguments) {
  for (int i = 0; i < count; ++i) by_function |= std::strcmp(arguments[i], "functions=on") == 0;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
  qemu_plugin_register_vcpu_syscall_cb(id, on_system_call);
  qemu_plugin_register_atexit_cb(id, on_exit, nullptr);
  return 0;
}
