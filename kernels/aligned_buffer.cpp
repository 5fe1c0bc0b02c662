// Large buffers that are kept are mapped, apart from the heap: what is freed between them then leaves no
// holes, and the system is asked for all of their pages at once instead of by a fault for each.
//
// Huge pages (MADV_HUGEPAGE) were tried and dropped: in a virtual machine that returns free memory to its
// host, getting them takes five times as long as getting small ones.
#include "kernels/aligned_buffer.h"

#include <sys/mman.h>

#include <new>

#if defined(__linux__) && !defined(MADV_POPULATE_WRITE)
#define MADV_POPULATE_WRITE 23  // Linux 5.14; refused by older ones, where the pages come one by one
#endif

namespace edge::kernels {
namespace {

constexpr std::align_val_t alignment{64};
constexpr std::size_t smallest_mapped = 256 << 10;

void* map(std::size_t bytes) {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  ::madvise(memory, bytes, MADV_POPULATE_WRITE);  // only a hint
  return memory;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::int64_t floats, bool kept) : data_(nullptr, Release{0}) {
  const std::size_t bytes = static_cast<std::size_t>(floats) * sizeof(float);
  if (kept && bytes >= smallest_mapped) {
    data_.get_deleter().mapped_bytes = bytes;
    data_.reset(static_cast<float*>(map(bytes)));
  } else {
    data_.reset(static_cast<float*>(::operator new(bytes, alignment)));
  }
}

void AlignedBuffer::Release::operator()(float* data) const {
  if (mapped_bytes == 0) {
    ::operator delete(data, alignment);
  } else {
    ::munmap(data, mapped_bytes);
  }
}

}  // namespace edge::kernels
