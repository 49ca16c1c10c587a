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

void* counted_or_null(std::size_t bytes, std::size_t alignment) noexcept {
  ++allocations;
  return std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);  // whole multiples only
}
void* counted(std::size_t bytes, std::size_t alignment) {
  if (void* p = counted_or_null(bytes, alignment)) return p;
  throw std::bad_alloc();
}
/// Not inlined: g++ would take the pair of operator new and free for a mistake.
[[gnu::noinline]] void release(void* p) noexcept {
  std::free(p);
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
// The standard library's sorting asks for its memory so; the sanitizers' versions would not call ours.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted_or_null(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted_or_null(bytes, alignof(std::max_align_t));
}
void operator delete(void* p) noexcept {
  release(p);
}
void operator delete[](void* p) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  release(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}

TEST_CASE("A warm session allocates nothing") {
  using namespace drnet;
  using Net = support::TinyNet<float>;
  const Net net(21);
  const support::Pictures<float> pictures(19, 30);
  for (const SessionOptions& options :
       {SessionOptions{.chunk = 4},
        {.router = FixedRouter{2}, .chunk = 4},
        {.router = RandomRouter{}, .chunk = 4},
        {.router = PredictorRouter{{0, 0.01, 0.02}}, .chunk = 4},
        {.router = CascadeRouter{{0, 0.12, 0.12}, {}}, .chunk = 4},
        {.router = CascadeRouter{{0, 1, 1}, {1, 2, 3}}, .chunk = 4, .compute_all = true},
        {.router = GumbelRouter{}, .chunk = 4, .resampling = Resampling::asymmetric, .compute_all = true}}) {
    const Session<Net> session(net, Serial{}, options);
    auto workspace = session.make_workspace();
    std::vector<Classification> results(19);
    std::vector<float> logits(19 * 10);
    const long cold = allocations;
    session.classify(pictures.batch(), results, workspace, logits);
    const long warm = allocations;
    CHECK(warm > cold);  // the counter counts
    std::vector<float> choices(19 * 3);
    session.logits_at(1, pictures.batch(), logits, workspace);
    session.predictor_logits(pictures.batch(), choices, workspace);
    const long before = allocations;
    session.classify(pictures.batch(), results, workspace, logits);
    session.classify(pictures.batch(), results, workspace);
    session.logits_at(1, pictures.batch(), logits, workspace);
    session.predictor_logits(pictures.batch(), choices, workspace);
    const long after = allocations;
    CHECK(after == before);
  }
}
