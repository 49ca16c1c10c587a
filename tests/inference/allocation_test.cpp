// A warm session allocates nothing: this translation unit counts every operator new of its executable.
#include <support/catch.hpp>
#include <support/tiny_network.hpp>

#include <drnet/inference/session.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (bytes + alignment) / alignment * alignment;  // as aligned_alloc wants it
  if (void* p = std::aligned_alloc(alignment, whole)) return p;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

TEST_CASE("A warm session allocates nothing") {
  using namespace drnet;
  using Net = support::TinyNet<float>;
  const Net net(21);
  const support::Pictures<float> pictures(19, 30);
  for (const Router& router : {Router(PredictorRouter{}), Router(FixedRouter{2}), Router(RandomRouter{})}) {
    const Session<Net> session(net, Serial{}, {.router = router, .chunk = 4});
    auto workspace = session.make_workspace();
    std::vector<Classification> results(19);
    std::vector<float> logits(19 * 10);
    const long cold = allocations;
    session.classify(pictures.batch(), results, workspace, logits);
    const long warm = allocations;
    CHECK(warm > cold);  // the counter counts
    const long before = allocations;
    session.classify(pictures.batch(), results, workspace, logits);
    session.classify(pictures.batch(), results, workspace);
    const long after = allocations;
    CHECK(after == before);
  }
}
